import { expect, it } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { type Graph, planes, type Value } from "../../../src/graph/types.ts";
import { dummyTensor } from "../../../src/runtime/webgpu/tuning/dummies.ts";
import { singleNodeGraph } from "../../../src/runtime/webgpu/tuning/single-node.ts";

/** x → conv → ReLU of it twice over, and statistics of the convolution's result. */
function example(): { graph: Graph; conv: Value; stats: Value; sum: Value } {
  const g = new GraphBuilder();
  const x = g.add("relu", [g.input("x", planes([2, 3, 8, 8]))], {});
  g.param({ name: "other", role: "weights", shape: [5], init: { kind: "constant", value: 0 } });
  const w = g.param({ name: "w", role: "weights", shape: [4, 3, 1, 1], init: { kind: "constant", value: 0 } });
  const attrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
  const conv = g.scoped("cells.0", () => g.add("conv2d", [x, w], attrs));
  const stats = g.add("bn_stats", [conv], { eps: 1e-5 });
  const sum = g.add("add", [conv, conv], {});
  g.output("sum", sum);
  g.output("stats", stats);
  return { graph: g.build(), conv, stats, sum };
}

const ops = ({ nodes }: Graph) => nodes.map(({ op }) => op);

it("a node by itself reads inputs instead of its predecessors, and its parameters", () => {
  const { graph, conv } = example();
  const single = singleNodeGraph(graph, conv);
  expect(ops(single)).toEqual(["input", "param", "conv2d"]);
  expect(single.nodes[2]).toMatchObject({
    type: graph.nodes[conv]!.type,
    attrs: graph.nodes[conv]!.attrs,
    scope: "cells.0",
  });
  expect(single.params.map(({ name }) => name)).toEqual(["w"]);
  expect(single.outputs.map(({ value }) => single.nodes[value]!.op)).toEqual(["conv2d"]);
});

it("what a node reads twice is one input", () => {
  const { graph, sum } = example();
  expect(ops(singleNodeGraph(graph, sum))).toEqual(["input", "add"]);
});

it("followers that a kernel computes on the way come along", () => {
  const { graph, conv, stats } = example();
  const single = singleNodeGraph({ ...graph, epilogues: [{ producer: conv, followers: [stats] }] }, conv);
  expect(ops(single)).toEqual(["input", "param", "conv2d", "bn_stats"]);
  expect(single.nodes[3]!.inputs).toEqual([2]);
  expect(single.epilogues).toEqual([{ producer: 2, followers: [3] }]);
  expect(single.outputs.map(({ value }) => value)).toEqual([2, 3]);
});

it("dummy tensors are finite, exact and zero in the lanes beyond the last channel", () => {
  const data = dummyTensor(planes([3, 6, 50, 50]));
  expect(data.length).toBe(2 * 4 * 7500);
  const last = data.subarray(4 * 7500);
  expect(last.every((value, index) => (index & 3) < 2 || value === 0)).toBe(true);
  expect(data.every((value) => Math.abs(value) <= 1 && Number.isInteger(8 * value))).toBe(true);
  expect(new Set(data).size).toBe(17);
  const argmax = dummyTensor(planes([1, 4, 9, 9], "u32"));
  expect(argmax.every((word) => (word & ~0x03030303) === 0)).toBe(true);
  expect(new Set(argmax).size).toBeGreaterThan(20);
  expect(dummyTensor({ layout: "flat", dtype: "u32", shape: [5] })).toEqual(new Uint32Array(5));
});
