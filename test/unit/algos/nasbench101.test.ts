import { expect, test } from "vitest";
import { NasBench101ModelDescBuilder } from "../../../src/algos/nasbench101/builder.ts";
import { parseParams, vertexChannels } from "../../../src/algos/nasbench101/cell.ts";
import { nasbench101 } from "../../../src/algos/nasbench101/index.ts";
import { type ExperimentConf, loadConfig, parseExperimentConf } from "../../../src/config/index.ts";
import { modelDescToYaml, parseModelDesc } from "../../../src/desc/yaml.ts";
import { readText } from "../../../src/host/node/files.ts";
import { modelStats } from "../../../src/models/stats.ts";

const C3 = "conv3x3-bn-relu";
const C1 = "conv1x1-bn-relu";
const POOL = "maxpool3x3";

/** A matrix from its edges. */
function params(ops: readonly string[], edges: readonly (readonly [number, number])[]) {
  const size = ops.length + 2;
  const cell_matrix = Array.from({ length: size }, (_, i) =>
    Array.from({ length: size }, (_, j) => Number(edges.some(([from, to]) => from === i && to === j))),
  );
  return { cell_matrix, vertex_ops: ["input", ...ops, "output"], num_stacks: 3 };
}

async function conf(...args: string[]): Promise<ExperimentConf> {
  const loaded = await loadConfig("confs/algos/nasbench101.yaml", { files: { read: readText }, args });
  return parseExperimentConf(loaded.tree, loaded.places);
}

const build = async (changed?: object) => {
  const section = (await conf()).nas.eval.model_desc;
  return new NasBench101ModelDescBuilder().build(changed ? { ...section, params: changed } : section);
};
const countOf = async (changed?: object) =>
  modelStats(await build(changed), { height: 32, width: 32, affine: true }).params;

const message = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return String(error);
  }
  return "";
};

test("the Inception-like cell of the paper has the benchmark's number of parameters", async () => {
  // `trainable_parameters` that nasbench's query yields for the cell of its README.
  expect(await countOf()).toBe(2_694_282);
});

test("a cell of one convolution has the parameters of a plain network", async () => {
  // By hand: stem, projection and 3x3 convolution with scale and shift in 9 cells, classifier.
  const withNorm = (weights: number, channels: number) => weights + 2 * channels;
  const cell = (chIn: number, chOut: number) => withNorm(chIn * chOut, chOut) + withNorm(9 * chOut * chOut, chOut);
  const stacks = cell(128, 128) * 3 + cell(128, 256) + cell(256, 256) * 2 + cell(256, 512) + cell(512, 512) * 2;
  const plain = withNorm(27 * 128, 128) + stacks + 512 * 10 + 10;
  const edges = [
    [0, 1],
    [1, 2],
  ] as const;
  expect(await countOf(params([C3], edges))).toBe(plain);
  // A vertex that leads nowhere and one that nothing leads to are pruned.
  const extended = params(
    [C3, C1, POOL],
    [
      [0, 1],
      [1, 4],
      [0, 2],
      [3, 4],
    ],
  );
  expect(await countOf(extended)).toBe(plain);
  // With an edge from the input to the output, the projected input is added.
  const residual = params([C3], [...edges, [0, 2]]);
  const projections = [
    ...Array<number[]>(3).fill([128, 128]),
    [128, 256],
    [256, 256],
    [256, 256],
    [256, 512],
    [512, 512],
    [512, 512],
  ];
  const added = projections.reduce((sum, [chIn, chOut]) => sum + withNorm(chIn! * chOut!, chOut!), 0);
  expect(await countOf(residual)).toBe(plain + added);
});

test("channels are divided among the vertices that feed the output, the first ones taking the rest", () => {
  const edges = [
    [0, 1],
    [1, 2],
    [1, 3],
    [2, 4],
    [3, 5],
    [4, 6],
    [5, 6],
    [2, 6],
    [0, 6],
  ] as const;
  const { cell } = parseParams(params([C3, C1, POOL, C3, C1], edges));
  // Of 128: vertices 2, 4, 5 take 43, 43, 42; 3 is as wide as 5, 1 as the wider of 2 and 3.
  expect(vertexChannels(cell, 64, 128)).toEqual([64, 43, 43, 42, 43, 42, 128]);
});

test("cells read the one before, and the image halves between stacks", async () => {
  const desc = await build();
  expect(desc.cellDescs.map(({ stems, outShape }) => `${stems[1]!.name} ${outShape[0]}`)).toEqual([
    ...["identity 128", "identity 128", "identity 128"],
    ...["max_pool_2x2 256", "identity 256", "identity 256"],
    ...["max_pool_2x2 512", "identity 512", "identity 512"],
  ]);
  expect(desc.auxTowerDescs.every((tower) => tower === null)).toBe(true);
  expect(parseModelDesc(modelDescToYaml(desc), "full.yaml")).toEqual(desc);
});

test("what is no cell of the benchmark is refused by name", async () => {
  const good = params(
    [C3],
    [
      [0, 1],
      [1, 2],
    ],
  );
  const chain = (ops: number) =>
    params(
      Array<string>(ops).fill(C1),
      Array.from({ length: ops + 1 }, (_, i) => [i, i + 1] as const),
    );
  const all = params(
    Array<string>(5).fill(C1),
    Array.from(
      { length: 6 },
      (_, i) =>
        [
          [i, i + 1],
          [0, i + 1],
        ] as const,
    ).flat(),
  );
  const wrong = [
    {},
    { ...good, num_stack: 3 },
    {
      ...good,
      cell_matrix: [
        [0, 1, 0],
        [0, 0, 1],
      ],
    },
    {
      ...good,
      cell_matrix: [
        [0, 1, 0],
        [0, 0, 2],
        [0, 0, 0],
      ],
    },
    {
      ...good,
      cell_matrix: [
        [0, 1, 0],
        [0, 0, 1],
        [1, 0, 0],
      ],
    },
    { ...good, vertex_ops: ["input", C3] },
    { ...good, vertex_ops: ["input", C3, C1] },
    { ...good, vertex_ops: ["input", "conv3x3-bn-rleu", "output"] },
    params([C3], [[0, 1]]),
    chain(6),
    all,
  ];
  expect(wrong.map((one) => message(() => parseParams(one)))).toMatchInlineSnapshot(`
    [
      "SupernetError: nas.eval.model_desc.params: nasbench101 needs cell_matrix (rows of 0 and 1), vertex_ops and num_stacks; cell_matrix: Invalid input: expected array, received undefined; vertex_ops: Invalid input: expected array, received undefined; num_stacks: Invalid input: expected number, received undefined",
      "SupernetError: nas.eval.model_desc.params: nasbench101 needs cell_matrix (rows of 0 and 1), vertex_ops and num_stacks; it: Unrecognized key: "num_stack"",
      "SupernetError: nas.eval.model_desc.params: cell_matrix must be square, but row 0 has 3 numbers in 2 rows",
      "SupernetError: nas.eval.model_desc.params: nasbench101 needs cell_matrix (rows of 0 and 1), vertex_ops and num_stacks; cell_matrix.1.2: Invalid input",
      "SupernetError: nas.eval.model_desc.params: cell_matrix[2][0] is an edge from vertex 2 to 0: they may only lead to later vertices",
      "SupernetError: nas.eval.model_desc.params: vertex_ops names 2 ops for the 3 vertices of cell_matrix",
      "SupernetError: nas.eval.model_desc.params: vertex_ops must begin with "input" and end with "output"",
      "SupernetError: nas.eval.model_desc.params: there is no vertex op "conv3x3-bn-rleu"; did you mean "conv3x3-bn-relu"?",
      "SupernetError: nas.eval.model_desc.params: cell_matrix has no way from the input (vertex 0) to the output (the last vertex)",
      "SupernetError: nas.eval.model_desc.params: cell_matrix has 8 connected vertices; at most 7 are allowed",
      "SupernetError: nas.eval.model_desc.params: cell_matrix has 11 edges; at most 9 are allowed",
    ]
  `);
  const set = async (...args: string[]) => {
    const asked = await conf(...args);
    return message(() => nasbench101.check!(asked));
  };
  expect([
    await set("--nas.eval.model_desc.n_cells", "10"),
    await set("--nas.eval.model_desc.model_stems.init_node_ch", "3"),
    await set("--nas.eval.trainer.aux_weight", "0.4"),
  ]).toMatchInlineSnapshot(`
    [
      "SupernetError: n_cells is 10, which does not divide into 3 stacks (num_stacks)",
      "SupernetError: nas.eval.model_desc.params: 4 vertices cannot share 3 channels; raise init_node_ch",
      "SupernetError: networks of nasbench101 have no aux tower: set nas.eval.trainer.aux_weight to 0.0",
    ]
  `);
  expect(await set()).toBe("");
});

test("a cell as Archai builds it has the vertices of its matrix", async () => {
  const section = (await conf()).nas.eval.model_desc;
  const archai = { ...section, cell: { ...section.cell, n_nodes: 9 }, reference_quirks: true };
  expect(() => new NasBench101ModelDescBuilder().build(archai)).toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: cell.n_nodes is 9, but the cell has 5 vertices between input and output]`,
  );
});
