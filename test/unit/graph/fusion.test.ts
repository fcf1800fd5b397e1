import { describe, expect, test } from "vitest";
import type { ModelDesc } from "../../../src/desc/model-desc.ts";
import { optimize, optimizeForward, passes } from "../../../src/graph/passes/index.ts";
import type { Graph, OpName, Value } from "../../../src/graph/types.ts";
import type { MixtureOptions } from "../../../src/ops/context.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { trainingGraph } from "../../../src/train/graphs.ts";
import { smallExperts, smallFinal, smallSupernet } from "../../gpu/small.ts";
import { randomFeeds, TOY_SETTINGS, toySupernet } from "../../gpu/supernet.ts";

const all = passes.map(({ name }) => name);

interface Network {
  readonly name: string;
  readonly desc: () => ModelDesc;
  readonly affine: boolean;
  readonly mixtures?: MixtureOptions;
}

const NETWORKS: readonly Network[] = [
  { name: "a supernet with normal and reduction cells", desc: toySupernet, affine: false },
  { name: "a supernet whose batch norms have scale and shift", desc: () => smallSupernet(1, 2), affine: true },
  { name: "a network that was found", desc: smallFinal, affine: true },
  { name: "a supernet of experts", desc: smallExperts, affine: false, mixtures: { rewards: { clip: 0.05 } } },
];

/** Forward, backward and running statistics, without the named passes. */
const step = (desc: ModelDesc, affine: boolean, without: readonly string[], mixtures: MixtureOptions = {}): Graph =>
  trainingGraph(desc, { ...mixtures, batch: 2, height: 8, width: 8, affine, dropPath: "sampled" }, TOY_SETTINGS, {
    without,
  });

/**
 * Sums are taken in another order and products are factored otherwise: in double precision that is some hundred roundings of
 * 1e-16 times the largest term. Batch norm over few elements magnifies them.
 */
const TOLERANCE = 1e-9;

function expectSame(actual: ReadonlyMap<string, Float64Array>, expected: ReadonlyMap<string, Float64Array>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  const largest = Math.max(...[...expected.values()].map((data) => Math.max(...data.map(Math.abs))));
  for (const [name, data] of expected) {
    const scale = Math.max(1e-3 * largest, ...data.map(Math.abs));
    data.forEach((value, index) => {
      const error = Math.abs(actual.get(name)![index]! - value);
      if (!(error <= TOLERANCE * scale)) expect.fail(`${name}[${index}] is off by ${error}, largest is ${scale}`);
    });
  }
}

describe.each(NETWORKS)("$name means the same in double precision", ({ desc, affine, mixtures }) => {
  const plain = step(desc(), affine, all, mixtures);
  const feeds = randomFeeds(plain, 3);
  const expected = evaluateReference(plain, feeds);

  test.each([[], ...all.map((name) => [name])].map((without) => ({ without })))("without $without", ({ without }) => {
    expectSame(evaluateReference(step(desc(), affine, without, mixtures), feeds), expected);
  });
});

const count = (graph: Graph, op: OpName): number => graph.nodes.filter((node) => node.op === op).length;

describe("a supernet's step", () => {
  const graph = step(smallSupernet(1, 2), false, []);

  test("has a bundle of depthwise convolutions for every half of what becomes known at once, whatever the number of edges", () => {
    // The cell's inputs, then the first node; two convolutions deep.
    expect(count(step(smallSupernet(1, 2), false, ["recompute"]), "depthwise")).toBe(2 * 2);
    expect(count(graph, "depthwise_dx")).toBe(2 * 2);
    expect(count(graph, "depthwise_dw")).toBe(2 * 2);
  });

  test("computes large results of depthwise convolutions again for the backward pass", () => {
    expect(count(graph, "depthwise")).toBeGreaterThan(2 * 2);
  });

  test("sums each node once and never stores a batch norm of a branch", () => {
    expect(count(graph, "bn_apply") + count(graph, "weighted_sum") + count(graph, "relu")).toBe(0);
  });

  test("never stores gradients by pools", () => {
    expect(count(graph, "pool_pair_mix_dx")).toBe(2);
    expect(count(graph, "pool_pair_dx")).toBe(0);
  });

  test("yields statistics, pooled positions and hits on the way", () => {
    const followers = graph.epilogues!.flatMap(({ followers: list }) => list.map((value) => graph.nodes[value]!.op));
    expect(new Set(followers)).toEqual(new Set(["bn_stats", "max_pool_argmax", "top_k"]));
  });
});

test("rewards of experts take no stored batch norm, no sweep of their own and no gradient of the weights", () => {
  const shape = { batch: 2, height: 8, width: 8, affine: false, dropPath: "none", rewards: { clip: 1 } } as const;
  const settings = { ...TOY_SETTINGS, gradients: ["alphas"], runningStats: false } as const;
  const graph = trainingGraph(smallExperts(), shape, settings);
  const unwanted: readonly OpName[] = [
    "bn_apply",
    "weighted_sum",
    "depthwise_dw",
    "pointwise_dw",
    "dense_dw",
    "conv2d_dw",
  ];
  expect(unwanted.map((op) => count(graph, op))).toEqual(unwanted.map(() => 0));
  // One for each node of two cells; the first node of the first cell reads nothing that depends on alphas.
  const dots = graph.nodes.flatMap(({ op }, value) => (op === "sample_dots" ? [value as Value] : []));
  const alone = dots.filter((value) => !graph.epilogues!.some(({ followers }) => followers.includes(value)));
  expect([dots.length, alone.length]).toEqual([4, 1]);
});

test("each pass has a name of its own, and a name that none has is an error", () => {
  expect(new Set(all).size).toBe(all.length);
  const graph = step(smallSupernet(1, 2), false, all);
  for (const run of [optimize, optimizeForward]) {
    expect(() => run(graph, { without: ["fuse"] })).toThrow(/there is no graph pass "fuse"; the passes are /);
  }
});
