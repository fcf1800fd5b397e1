import { describe, expect, test } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { darts } from "../../../src/algos/darts/index.ts";
import type { ExperimentConf } from "../../../src/config/index.ts";
import type { EdgeDesc, ModelDesc } from "../../../src/desc/model-desc.ts";
import { opDesc } from "../../../src/desc/model-desc.ts";
import { SupernetError } from "../../../src/errors.ts";
import { checkAlgorithm } from "../../../src/nas/compatibility.ts";
import { type Candidate, finalizeModel, selectBest, selectRandom } from "../../../src/nas/finalizers.ts";
import type { SearchConf } from "../../../src/nas/search-method.ts";
import { type Alphas, PRIMITIVES } from "../../../src/ops/mixture.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";

const supernet = (): ModelDesc => new DartsModelDescBuilder().build(MODEL_DESC);

/** Alphas of every edge that has its own, from a function of cell, node, edge and primitive. */
function alphasOf(desc: ModelDesc, value: (at: { node: number; edge: number; primitive: string }) => number): Alphas {
  const alphas = new Map<string, number[]>();
  for (const { id, nodes, trainablesFrom } of desc.cellDescs) {
    if (trainablesFrom !== id) continue;
    for (const [node, { edges }] of nodes.entries()) {
      for (const edge of edges.keys()) {
        const values = PRIMITIVES.map((primitive) => value({ node, edge, primitive }));
        alphas.set(`cells.${id}.dag.${node}.${edge}._wrapped.alphas_arch_param`, values);
      }
    }
  }
  return alphas;
}

const spelt = (edges: readonly EdgeDesc[]) => edges.map(({ inputIds, opDesc: { name } }) => `${name} ${inputIds}`);
const chosen = (desc: ModelDesc) => desc.cellDescs.map(({ nodes }) => nodes.map(({ edges }) => spelt(edges)));

const edge = (input: number, name = "mixed_op"): EdgeDesc => ({ inputIds: [input], opDesc: opDesc(name, {}) });
const candidate = (input: number, name: string, rank: number): Candidate => ({ edge: edge(input, name), rank });

describe("finalizeModel", () => {
  test("none is never chosen, however large its alpha", () => {
    const desc = supernet();
    const alphas = alphasOf(desc, ({ primitive }) =>
      primitive === "none" ? 100 : primitive === "dil_conv_5x5" ? 1 : 0,
    );
    const names = chosen(finalizeModel(desc, alphas)).flat(2);
    expect(new Set(names.map((name) => name.split(" ")[0]))).toEqual(new Set(["dil_conv_5x5"]));
  });

  test("equal alphas choose the first primitive", () => {
    const desc = supernet();
    const names = chosen(
      finalizeModel(
        desc,
        alphasOf(desc, () => 0.25),
      ),
    ).flat(2);
    expect(new Set(names.map((name) => name.split(" ")[0]))).toEqual(new Set([PRIMITIVES[0]]));
  });

  test("cells of one type are alike, because they share alphas; strides and channels stay the edge's", () => {
    const desc = supernet();
    const alphas = alphasOf(desc, ({ node, edge, primitive }) => Math.sin(17 * node + 5 * edge + primitive.length));
    const found = finalizeModel(desc, alphas);
    const types = found.cellDescs.map(({ cellType }) => cellType);
    expect(types).toEqual(["regular", "reduction", "regular"]);
    expect(chosen(found)[2]).toEqual(chosen(found)[0]);
    for (const [c, { nodes }] of found.cellDescs.entries()) {
      for (const [n, { edges }] of nodes.entries()) {
        expect(edges).toHaveLength(desc.maxFinalEdges);
        for (const { inputIds, opDesc: op } of edges) {
          const searched = desc.cellDescs[c]!.nodes[n]!.edges.find((one) => one.inputIds[0] === inputIds[0])!;
          expect(op).toEqual({ ...searched.opDesc, name: op.name });
        }
      }
    }
  });

  test("the description that was searched stays as it is", () => {
    const desc = supernet();
    const before = structuredClone(desc);
    finalizeModel(
      desc,
      alphasOf(desc, () => 0),
    );
    expect(desc).toEqual(before);
  });

  test("missing alphas are an error that names them", () => {
    const desc = supernet();
    const alphas = new Map(alphasOf(desc, () => 0));
    alphas.delete("cells.1.dag.1.2._wrapped.alphas_arch_param");
    const finalize = () => finalizeModel(desc, alphas);
    expect(finalize).toThrow(SupernetError);
    expect(finalize).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: there are no alphas cells.1.dag.1.2._wrapped.alphas_arch_param to finalize with]`,
    );
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])("alphas of %d choose nothing", (value) => {
    const desc = supernet();
    const alphas = alphasOf(desc, ({ node, primitive }) => (node === 1 && primitive === "max_pool_3x3" ? value : 0));
    const finalize = () => finalizeModel(desc, alphas);
    expect(finalize).toThrow(SupernetError);
    expect(finalize).toThrow(
      /cells\.0\.dag\.1\.0\._wrapped\.alphas_arch_param is not finite; lower its learning rates/,
    );
  });

  test("an edge that was not searched is kept", () => {
    const desc = supernet();
    const fixed = edge(1, "skip_connect");
    const cells = desc.cellDescs.map((cell) => ({
      ...cell,
      nodes: cell.nodes.map((node) => ({ ...node, edges: [...node.edges, fixed] })),
    }));
    const found = finalizeModel(
      { ...desc, cellDescs: cells },
      alphasOf(desc, () => 5),
    );
    for (const node of found.cellDescs.flatMap(({ nodes }) => nodes)) expect(node.edges[0]).toEqual(fixed);
  });
});

describe("selectBest", () => {
  const searched = (input: number, rank: number) => ({
    candidates: [candidate(input, "sep_conv_3x3", rank), candidate(input, "max_pool_3x3", rank - 1)],
  });

  test("edges keep their order when all fit", () => {
    expect(spelt(selectBest([searched(0, 1), searched(1, 2)], 2, { cell: 0, node: 0 }))).toEqual([
      "sep_conv_3x3 0",
      "sep_conv_3x3 1",
    ]);
  });

  test("edges are ordered by rank when some must go", () => {
    const edges = [searched(0, 1), searched(1, 3), searched(2, 2)];
    expect(spelt(selectBest(edges, 2, { cell: 0, node: 0 }))).toEqual(["sep_conv_3x3 1", "sep_conv_3x3 2"]);
  });

  test("of equal edges the first stay", () => {
    const edges = [searched(0, 1), searched(1, 1), searched(2, 1)];
    expect(spelt(selectBest(edges, 2, { cell: 0, node: 0 }))).toEqual(["sep_conv_3x3 0", "sep_conv_3x3 1"]);
  });

  test("edges that were not searched come first and do not count", () => {
    const edges = [searched(0, 1), { kept: edge(1, "skip_connect") }, searched(2, 2)];
    expect(spelt(selectBest(edges, 1, { cell: 0, node: 0 }))).toEqual(["skip_connect 1", "sep_conv_3x3 2"]);
  });
});

describe("selectRandom", () => {
  const edges = [
    { candidates: [candidate(0, "sep_conv_3x3", 1), candidate(0, "max_pool_3x3", 0)] },
    { kept: edge(0, "skip_connect") },
    { candidates: [candidate(1, "avg_pool_3x3", 3), candidate(1, "dil_conv_3x3", 2)] },
  ];

  test("draws among the ops of all edges; kept edges come first and do not count", () => {
    const asked: unknown[] = [];
    const select = selectRandom((...args) => {
      asked.push(args);
      return [3, 0];
    });
    expect(spelt(select(edges, 2, { cell: 2, node: 1 }))).toEqual([
      "skip_connect 0",
      "dil_conv_3x3 1",
      "sep_conv_3x3 0",
    ]);
    expect(asked).toEqual([[4, 2, { cell: 2, node: 1 }]]);
  });

  test("asks for no more than there are", () => {
    const counts: number[] = [];
    const select = selectRandom((total, count) => {
      counts.push(count);
      return Uint32Array.from({ length: count }, (_, index) => total - 1 - index);
    });
    select(edges, 10, { cell: 0, node: 0 });
    select([{ kept: edge(0) }, { kept: edge(1) }], 1, { cell: 0, node: 0 });
    expect(counts).toEqual([4, 0]);
  });
});

describe("the finalizers of DARTS", () => {
  const finalize = (desc: ModelDesc, alphas: Alphas, seed: number) =>
    darts.method!.finalizer({ finalizer: "random" } as SearchConf, seed).finalize(desc, { alphas });

  test("random: the seed decides, cells of one type need not be alike, alphas do not count", () => {
    const desc = supernet();
    const flat = alphasOf(desc, () => 0);
    const found = chosen(finalize(desc, flat, 1));
    expect(chosen(finalize(desc, flat, 1))).toEqual(found);
    expect(chosen(finalize(desc, flat, 2))).not.toEqual(found);
    expect(found[2]).not.toEqual(found[0]);
    for (const edges of found.flat()) {
      expect(edges).toHaveLength(desc.maxFinalEdges);
      expect(new Set(edges).size).toBe(edges.length);
    }
  });

  test("an unknown one is an error that names those there are", () => {
    const conf = { nas: { search: { finalizer: "mi_ranked" } } } as ExperimentConf;
    expect(() => checkAlgorithm(darts, conf)).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: darts has no finalizer "mi_ranked"; set nas.search.finalizer to default or random]`,
    );
  });
});
