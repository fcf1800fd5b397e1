import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { elements, flat, type Graph, planes, type Value, type Window2d } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { Lowering } from "../../src/runtime/webgpu/lowering.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { fewValues, offsetData, uniformData } from "../cases/case.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

let software: Engine;
let gpu: Engine;
beforeAll(async () => {
  software = await testEngine();
  gpu = new Engine({ device: software.device, kind: "gpu" });
});

const FOLLOWERS = ["max_pool_argmax", "bn_stats"] as const;
type Follower = (typeof FOLLOWERS)[number];

function pools(shape: readonly number[], window: Window2d): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", planes(shape));
  const y = g.add("pool_pair", [x], window);
  g.output("y", y);
  g.output("argmax", g.add("max_pool_argmax", [x], window));
  g.output("stats", g.add("bn_stats", [y], { eps: 1e-5 }));
  return g.build();
}

/** The same graph with some followers computed along with the pools. */
function fused(graph: Graph, which: readonly Follower[]): Graph {
  const find = (op: string) => graph.nodes.findIndex((node) => node.op === op) as Value;
  return { ...graph, epilogues: [{ producer: find("pool_pair"), followers: which.map(find) }] };
}

const subsets: Follower[][] = [[...FOLLOWERS], ["max_pool_argmax"], ["bn_stats"]];

const settings = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom(4, 8, 5),
    fc.integer({ min: 1, max: 19 }),
    fc.integer({ min: 1, max: 19 }),
  ),
  step: fc.constantFrom(1, 2, 3),
  which: fc.constantFrom(...subsets),
  data: fc.constantFrom(uniformData, fewValues, offsetData),
  seed: fc.nat(),
});

describe("followers of a pair of pools", () => {
  test.each(["software", "gpu"] as const)("are right on any subset of them (%s)", async (kind) => {
    const engine = kind === "gpu" ? gpu : software;
    const property = fc.asyncProperty(settings, async ({ shape, step, which, data, seed }) => {
      const graph = pools(shape, { kernel: [3, 3], stride: [step, step], padding: [1, 1] });
      const feeds = { inputs: { x: data(new Rng(seed, 0), elements(planes(shape))) }, params: {} };
      await check(engine, fused(inDirtyStorage(graph), which), feeds, graph);
    });
    await fc.assert(property, { numRuns: kind === "gpu" ? 20 : 60, seed: 3 });
  });

  test("take nothing from the pools, and are the same bits as alone where nothing is summed", async () => {
    const graph = pools([3, 8, 17, 10], { kernel: [3, 3], stride: [1, 1], padding: [1, 1] });
    const feeds = { inputs: { x: uniformData(new Rng(5, 0), 3 * 8 * 17 * 10) }, params: {} };
    const alone = await runGraph(software, graph, feeds);
    const together = await runGraph(software, fused(graph, FOLLOWERS), feeds);
    expect(together.get("y")).toEqual(alone.get("y"));
    expect(together.get("argmax")).toEqual(alone.get("argmax"));
  });

  test("statistics keep their digits when the mean is 10,000 times the deviation", async () => {
    const shape = [2, 4, 33, 21];
    const graph = pools(shape, { kernel: [3, 3], stride: [2, 2], padding: [1, 1] });
    const x = uniformData(new Rng(9, 0), elements(planes(shape))).map((value) => 1e4 + value);
    // A first pixel that is nothing like the others: it is what means are relative to.
    x[0] = -2e4;
    const feeds = { inputs: { x }, params: {} };
    const want = evaluateReference(graph, feeds).get("stats")!;
    const got = (await runGraph(software, fused(graph, FOLLOWERS), feeds)).get("stats")!;
    for (let index = 16; index < 24; index++) {
      expect(Math.abs(got[index]! - want[index]!) / want[index]!, `variance ${index}`).toBeLessThan(2e-3);
    }
  });
});

test("one dispatch computes both pools, where they are and their moments", () => {
  const graph = fused(pools([2, 16, 8, 8], { kernel: [3, 3], stride: [1, 1], padding: [1, 1] }), FOLLOWERS);
  const shaders = new Lowering(software, graph, kernels).dispatches.map(({ shader }) => shader);
  expect(shaders).toEqual(["pool_pair", "bn_stats"]);
});

test("the gradients of three sums by the pools of joined states take one dispatch, those of a fourth add to it", () => {
  const dispatchesOf = (sums: number) => {
    const g = new GraphBuilder();
    const window: Window2d = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] };
    const argmax = g.add("max_pool_argmax", [g.input("x", planes([2, 16, 8, 8]))], window);
    const pairs = Array.from({ length: sums }, (_, s) => [
      g.input(`dy${s}`, planes([2, 8, 8, 8])),
      g.input(`g${s}`, flat([3, 8])),
    ]).flat();
    const terms = Array.from({ length: 2 * sums }, (_, t) => ({
      start: 8 * (t % 2),
      channels: 8,
      source: Math.floor(t / 2),
      largest: t % 2,
      mean: 2,
    }));
    g.output("dx", g.add("pool_pair_mix_dx", [argmax, ...pairs], { ...window, shape: [2, 16, 8, 8], terms }));
    const { dispatches } = new Lowering(software, g.build(), kernels);
    return dispatches.filter(({ shader }) => shader === "pool_pair_dx").length;
  };
  expect([1, 2, 3, 4, 6, 7].map(dispatchesOf)).toEqual([1, 1, 1, 2, 2, 3]);
});
