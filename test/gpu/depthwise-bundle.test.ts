import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { loadInputs } from "../../src/graph/ops/load.ts";
import { type DepthwiseBranch, elements, type Graph, type OpAttrs, type Value } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { Lowering } from "../../src/runtime/webgpu/lowering.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { CaseBuilder, type OpCase, uniformData } from "../cases/case.ts";
import { type DepthwiseSettings, depthwiseCase, same } from "../cases/depthwise.ts";
import type { LoadKind } from "../cases/load.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

const engines: { software?: Engine; gpu?: Engine } = {};
const KINDS = ["software", "gpu"] as const;
beforeAll(async () => {
  const engine = await testEngine();
  engines.software = engine;
  // The same device with the kernels a GPU gets.
  engines.gpu = new Engine({ device: engine.device, kind: "gpu" });
});

/** The case and `dx`, the gradient by what the bundle's ReLU is applied to. */
function withDx({ graph, feeds }: OpCase): { graph: Graph; feeds: Feeds } {
  const g = GraphBuilder.extend(graph);
  const { value } = graph.outputs.find(({ name }) => name === "y")!;
  const node = graph.nodes[value]!;
  const attrs = node.attrs as OpAttrs["depthwise"];
  const extra = 1 + loadInputs(attrs.load);
  const dy = g.input("dy", node.type);
  const read = attrs.load.relu ? node.inputs.slice(0, extra) : [];
  const { shape } = graph.nodes[node.inputs[0]!]!.type;
  const inputs: Value[] = [dy, ...read, ...node.inputs.slice(extra)];
  g.output("dx", g.add("depthwise_dx", inputs, { ...attrs, shape }));
  const data = uniformData(new Rng(1, 0), elements(node.type));
  return { graph: g.build(), feeds: { ...feeds, inputs: { ...feeds.inputs, dy: data } } };
}

/** What the edges that leave one state have: every kernel, so many times, on the same channels. */
const edges = (count: number, channels: number, start = 0): DepthwiseBranch[] =>
  ([3, 5] as const).flatMap((side) =>
    [1, 2].flatMap((dilation) => Array.from({ length: count }, () => same(start, channels, side, dilation))),
  );

const bundle = (
  branches: readonly DepthwiseBranch[],
  step = 1,
  size: readonly [number, number] = [19, 23],
): DepthwiseSettings => ({
  samples: 3,
  size,
  branches,
  stride: [step, step],
  unread: 4,
});

/** Bundles of which networks are made, and those that take several tables or leave channels out. */
const BUNDLES: Readonly<Record<string, DepthwiseSettings>> = {
  "4 edges of one state": bundle(edges(4, 8)),
  "4 edges of each of two states": bundle([...edges(4, 4), ...edges(4, 4, 4)], 1, [9, 8]),
  "2 edges with stride 2": bundle(edges(2, 8), 2, [20, 23]),
  "dilated with stride 2": bundle([same(0, 8, 3, 2), same(0, 8, 5, 2)], 2),
  "second halves, each with channels of its own": bundle([3, 5, 3, 5].map((side, index) => same(8 * index, 8, side))),
  "channels that no branch reads between others": bundle([same(4, 4, 3), same(16, 8, 5, 2), same(20, 4, 3)], 1, [7, 6]),
  "the same with stride 2": bundle([same(4, 4, 3), same(16, 8, 5, 2), same(20, 4, 3)], 2, [7, 6]),
  "300 branches": bundle(
    Array.from({ length: 300 }, (_, index) => same(4 * (index % 3), 4, 3, 1 + (index % 2))),
    1,
    [6, 7],
  ),
  "300 branches that share quads": bundle(
    Array.from({ length: 300 }, (_, index) => same(index % 3, 3, 3)),
    1,
    [5, 6],
  ),
  "an odd number of channels": bundle([same(0, 13, 5, 2)]),
  "dilation 3, and 7 x 7": bundle([same(0, 8, 3, 3), same(4, 8, 7)]),
};

describe.each(KINDS)("bundles and their gradients by x with the settings of %s", (kind) => {
  test.each(Object.entries(BUNDLES))("%s", async (_, settings) => {
    for (const load of ["plain", "relu", "running_affine"] satisfies LoadKind[]) {
      const { graph, feeds } = withDx(depthwiseCase(new CaseBuilder(3), settings, load));
      await check(engines[kind]!, inDirtyStorage(graph), feeds, graph);
    }
  });
});

test("one dispatch computes all edges of two states, and one their gradients by x", () => {
  const settings = bundle([...edges(4, 8), ...edges(4, 8, 8)]);
  const { graph } = withDx(depthwiseCase(new CaseBuilder(1), settings, "relu"));
  for (const kind of KINDS) {
    const shaders = new Lowering(engines[kind]!, graph, kernels).dispatches.map(({ shader }) => shader);
    const expected = {
      software: ["depthwise_bundle", "depthwise_bundle_dx"],
      gpu: Array(2).fill("depthwise_bundle_pixels"),
    };
    expect(shaders).toEqual(expected[kind]);
  }
});

test("windows that strips do not take are computed pixel by pixel", () => {
  for (const branch of [
    same(0, 8, 7),
    { ...same(0, 8, 3), dilation: [300, 300] as const, padding: [300, 300] as const },
  ]) {
    const { graph } = withDx(depthwiseCase(new CaseBuilder(1), bundle([branch]), "plain"));
    const shaders = new Lowering(engines.software!, graph, kernels).dispatches.map(({ shader }) => shader);
    expect(shaders).toEqual(["depthwise_bundle_pixels", "depthwise_bundle_pixels"]);
  }
});

test("a step counts the flops of each branch once", () => {
  const { graph } = withDx(depthwiseCase(new CaseBuilder(1), bundle([...edges(2, 8), same(4, 8, 5)]), "relu"));
  const flops = 2 * 3 * 19 * 23 * 8 * (2 * 2 * (9 + 25) + 25);
  for (const kind of KINDS) {
    const counted = new Lowering(engines[kind]!, graph, kernels).dispatches.map((dispatch) => dispatch.flops);
    expect(counted).toEqual([flops, flops]);
  }
});

test("runs repeat bit for bit", async () => {
  const { graph, feeds } = withDx(depthwiseCase(new CaseBuilder(5), BUNDLES["4 edges of one state"]!, "relu"));
  for (const kind of KINDS) {
    const first = await runGraph(engines[kind]!, graph, feeds);
    expect(await runGraph(engines[kind]!, graph, feeds)).toEqual(first);
  }
});
