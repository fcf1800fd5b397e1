import { describe, expect, test } from "vitest";
import { addPetridishNode, PetridishModelBuilder } from "../../../../src/algos/petridish/builder.ts";
import { isCandidate, petridishFinalizer } from "../../../../src/algos/petridish/finalizer.ts";
import { startOfCandidate, startOfChild, type Values } from "../../../../src/algos/petridish/warm-start.ts";
import { drawPicks } from "../../../../src/algos/random/draw.ts";
import type { ModelDesc } from "../../../../src/desc/model-desc.ts";
import { PRIMITIVES } from "../../../../src/ops/mixture.ts";
import { lowerModel } from "../../../../src/ops/model.ts";
import { Rng } from "../../../../src/random/rng.ts";
import { STREAMS } from "../../../../src/random/streams.ts";
import { evaluateReference } from "../../../../src/runtime/reference/index.ts";
import { trainingGraph } from "../../../../src/train/graphs.ts";
import { startValues } from "../../../../src/train/initial-values.ts";
import { parametersOf } from "../../../../src/train/parameters.ts";
import { MODEL_DESC } from "../../../model-desc-conf.ts";

const SIZE = { batch: 3, height: 8, width: 8 };
const SHAPE = { ...SIZE, affine: true, dropPath: "none" } as const;

const draws = () => {
  const rng = new Rng(5, STREAMS.growth);
  return () => rng.uniform01();
};

/** A seed of two nodes a cell with random weights and statistics. */
function seedNetwork(): { desc: ModelDesc; values: Values } {
  const section = { ...MODEL_DESC, cell: { n_nodes: 2, cell_post_op: "proj_channels" } };
  const desc = new PetridishModelBuilder(drawPicks(7, { nodes: 2, edges: 2 })).build(section);
  return { desc, values: scrambled(desc, 1) };
}

/** Other numbers for every parameter, as training would leave them; variances stay positive. */
function scrambled(desc: ModelDesc, seed: number): Map<string, Float32Array> {
  const rng = new Rng(seed, STREAMS.init);
  const { params } = parametersOf(desc, SHAPE);
  const start = startValues(params, seed);
  return new Map(
    params.map(({ name, role }) => [
      name,
      start
        .get(name)!
        .map((value) => (role === "state" ? 0.5 + rng.uniform01() : value + 0.2 * (rng.uniform01() - 0.5))),
    ]),
  );
}

const filled = (desc: ModelDesc, values: Values) =>
  startValues(parametersOf(desc, SHAPE).params, 3, { seed: 3, values });

const images = Array.from({ length: 3 * 3 * 64 }, (_, i) => Math.sin(i * i));

function logits(desc: ModelDesc, values: Values, training: boolean): Float64Array {
  const { builder, logits: value } = lowerModel(desc, { ...SHAPE, training });
  builder.output("logits", value);
  return evaluateReference(builder.build(), {
    inputs: { x: images },
    params: Object.fromEntries(filled(desc, values)),
  }).get("logits")!;
}

describe("a candidate", () => {
  const { desc: parent, values } = seedNetwork();
  const candidate = addPetridishNode(parent);
  const start = startOfCandidate(parent, values, draws());

  test.each([true, false])("computes what its parent does, in training %s", (training) => {
    expect(logits(candidate, start, training)).toEqual(logits(parent, values, training));
  });

  test("has a gradient for every alpha of an op that can learn", () => {
    const settings = { auxWeight: 0, smoothing: 0, l1Alphas: 0, gradients: ["alphas"], runningStats: false } as const;
    const graph = trainingGraph(candidate, SHAPE, settings);
    const params = Object.fromEntries(filled(candidate, start));
    const results = evaluateReference(graph, { inputs: { x: images, y: [1, 2, 3] }, params });
    const gradients = [...results].filter(([name]) => name.startsWith("grad/"));
    // A vector for each state that the new node of the first normal and the reduction cell reads.
    expect(gradients).toHaveLength(2 * 3);
    for (const [name, gradient] of gradients) {
      const still = PRIMITIVES.filter((_, primitive) => gradient[primitive] === 0);
      expect(still, name).toEqual(["none"]);
    }
  });

  test("grows again", () => {
    const { child, values: learned } = grown(candidate, start);
    const second = addPetridishNode(child);
    const again = startOfCandidate(child, learned, draws());
    expect(logits(second, again, false)).toEqual(logits(parent, values, false));
  });
});

test("cells that do not project to a number of channels cannot grow", () => {
  const desc = new PetridishModelBuilder(drawPicks(7, { nodes: 2, edges: 2 })).build(MODEL_DESC);
  expect(() => addPetridishNode(desc)).toThrow(
    "cell 0 cannot grow: cell_post_op must be proj_channels, with a node or more",
  );
});

/** What becomes of a candidate that learned nothing. */
function grown(candidate: ModelDesc, values: Values): { child: ModelDesc; values: Map<string, Float32Array> } {
  const all = filled(candidate, values);
  const alphas = new Map([...all].filter(([name]) => name.includes("alphas_arch_param")));
  const child = petridishFinalizer().finalize(candidate, { alphas });
  return { child, values: filled(child, startOfChild(candidate, child, all)) };
}

describe("a child", () => {
  const { desc: parent } = seedNetwork();
  const candidate = addPetridishNode(parent);
  // Trained: nothing is as it was at the start.
  const trained = scrambled(candidate, 2);
  const alphas = new Map([...trained].filter(([name]) => name.includes("alphas_arch_param")));
  const child = petridishFinalizer().finalize(candidate, { alphas });
  const start = startOfChild(candidate, child, trained);

  test.each([true, false])("begins with what the candidate computes, in training %s", (training) => {
    expect(logits(child, start, training)).toEqual(logits(candidate, trained, training));
  });

  test("keeps what its ops have learned as candidates; only what joins them is new", () => {
    const fresh = parametersOf(child, SHAPE).params.filter(({ name }) => !start.has(name));
    expect(fresh.every(({ name }) => name.includes("._ch_adj."))).toBe(true);
    for (const { id, nodes } of child.cellDescs) {
      const node = nodes.findIndex(({ edges }) => edges[0]!.opDesc.name === "multi_op");
      const { children, childrenIns } = nodes[node]!.edges[0]!.opDesc;
      children!.forEach(({ name }, k) => {
        const from = `cells.${id}.dag.${node}.0._wrapped._edges.${childrenIns![k]}.${PRIMITIVES.indexOf(name as never)}.1.`;
        const to = `cells.${id}.dag.${node}.0._wrapped._ops.${k}.`;
        const learned = [...trained].filter(([name]) => name.startsWith(from));
        for (const [name, value] of learned) expect(start.get(to + name.slice(from.length))).toEqual(value);
      });
    }
  });
});

describe("the finalizer", () => {
  const { desc } = seedNetwork();
  const candidate = addPetridishNode(desc);
  const alphasWith = (value: (primitive: string, index: number) => number) => {
    let index = 0;
    const names = parametersOf(candidate, SHAPE).params.filter(({ role }) => role === "alphas");
    return new Map(names.map(({ name }) => [name, PRIMITIVES.map((primitive) => value(primitive, index++))]));
  };
  const opsOf = (found: ModelDesc) => found.cellDescs[0]!.nodes[1]!.edges[0]!.opDesc.children!.map(({ name }) => name);

  test("never chooses none, unless it repeats the reference", () => {
    const alphas = alphasWith((primitive) => (primitive === "none" ? 1 : 0));
    expect(opsOf(petridishFinalizer().finalize(candidate, { alphas }))).not.toContain("none");
    expect(opsOf(petridishFinalizer(true).finalize(candidate, { alphas }))).toEqual(["none", "none", "none"]);
  });

  test("leaves no candidate", () => {
    const found = petridishFinalizer().finalize(candidate, { alphas: alphasWith((_, index) => index % 7) });
    expect(found.cellDescs.some(({ nodes }) => nodes.some(({ edges }) => edges.some(isCandidate)))).toBe(false);
  });

  test("refuses alphas that are missing or not finite", () => {
    const finalize = (alphas: ReadonlyMap<string, readonly number[]>) => () =>
      petridishFinalizer().finalize(candidate, { alphas });
    expect(finalize(new Map())).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: there are no alphas cells.0.dag.1.0._wrapped.alphas_arch_param.0 to finalize with]`,
    );
    expect(finalize(alphasWith(() => Number.NaN))).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: the search has diverged, cells.0.dag.1.0._wrapped.alphas_arch_param.0 is not finite; lower its learning rates]`,
    );
  });
});
