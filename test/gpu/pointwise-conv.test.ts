import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { loadInputs } from "../../src/graph/ops/load.ts";
import { elements, type Graph, type OpAttrs, type PointwiseBranch, planes, type Value } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { CaseBuilder, type Data, type OpCase, uniformData } from "../cases/case.ts";
import type { LoadKind } from "../cases/load.ts";
import { type PointwiseSettings, pointwiseCase } from "../cases/pointwise-conv.ts";
import { check } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

let software: Engine;
let gpu: Engine;
beforeAll(async () => {
  software = await testEngine();
  // The same device with the kernels a GPU gets.
  gpu = new Engine({ device: software.device, kind: "gpu" });
});
const engines = (): [string, Engine][] => [
  ["software", software],
  ["gpu", gpu],
];

/** The case and `dx`, the gradient by what the bundle's ReLU is applied to. */
function withDx({ graph, feeds }: OpCase): { graph: Graph; feeds: Feeds } {
  const g = GraphBuilder.extend(graph);
  const { value } = graph.outputs.find(({ name }) => name === "y")!;
  const node = graph.nodes[value]!;
  const { size: _, ...attrs } = node.attrs as OpAttrs["pointwise"];
  const extra = 1 + loadInputs(attrs.load);
  const dy = g.input("dy", node.type);
  const read = attrs.load.relu ? node.inputs.slice(0, extra) : [];
  const { shape } = graph.nodes[node.inputs[0]!]!.type;
  const inputs: Value[] = [dy, ...read, ...node.inputs.slice(extra)];
  g.output("dx", g.add("pointwise_dx", inputs, { ...attrs, shape }));
  const data = uniformData(new Rng(1, 0), elements(node.type));
  return { graph: g.build(), feeds: { ...feeds, inputs: { ...feeds.inputs, dy: data } } };
}

/** `count` branches, each with channels of its own or all with the same. */
const siblings = (count: number, inputs: number, outputs: number, shared = false): PointwiseBranch[] =>
  Array.from({ length: count }, (_, index) => ({
    start: shared ? 0 : index * inputs,
    inputs,
    outputs,
    offset: [0, 0],
  }));

const bundle = (samples: number, side: number, branches: readonly PointwiseBranch[]): PointwiseSettings => ({
  samples,
  size: [side, side + 1],
  branches,
  stride: [1, 1],
  unread: [0, 0, 0],
});

/** Halves that read the even and the odd pixels, of images of odd size. */
const reduction = (inputs: number, outputs: number): PointwiseSettings => ({
  samples: 3,
  size: [9, 7],
  branches: [
    { start: 0, inputs, outputs, offset: [0, 0] },
    { start: 0, inputs, outputs, offset: [1, 1] },
  ],
  stride: [2, 2],
  unread: [0, 1, 0],
});

/** Shapes of which networks are made, and those that need several rounds of everything. */
const SHAPES: Readonly<Record<string, PointwiseSettings>> = {
  "4 x 16 to 16, threads full": bundle(2, 64, siblings(4, 16, 16)),
  "5 x 8 to 8": bundle(2, 17, siblings(5, 8, 8)),
  "48 to 16": bundle(3, 21, siblings(1, 48, 16)),
  "8 x 32 to 32": bundle(2, 9, siblings(8, 32, 32)),
  "256 to 64": bundle(2, 4, siblings(1, 256, 64)),
  "3 to 20, as of colours": bundle(2, 19, siblings(1, 3, 20)),
  "3 x 32 to 24 of the same channels": bundle(2, 11, siblings(3, 32, 24, true)),
  "50 x 8 to 8, two tables": bundle(1, 5, siblings(50, 8, 8)),
  "70 x 4 to 4 of the same channels, three tables": bundle(1, 5, siblings(70, 4, 4, true)),
  "halves of even and odd pixels, 32 to 16": reduction(32, 16),
  "halves of even and odd pixels, 20 to 9": reduction(20, 9),
};

describe("shapes of networks", () => {
  test.each(Object.keys(SHAPES))("%s", async (name) => {
    for (const kind of ["plain", "relu", "batch_affine"] satisfies LoadKind[]) {
      const { graph, feeds } = withDx(pointwiseCase(new CaseBuilder(1), SHAPES[name]!, kind, uniformData));
      for (const [, engine] of engines()) await check(engine, graph, feeds);
    }
  });
});

test("pixels that no branch reads get no gradient", async () => {
  const settings = { ...reduction(8, 4), branches: reduction(8, 4).branches.slice(1) };
  const { graph, feeds } = withDx(pointwiseCase(new CaseBuilder(2), settings, "plain"));
  const [, , height, width] = graph.nodes[0]!.type.shape as [number, number, number, number];
  for (const [name, engine] of engines()) {
    const dx = (await runGraph(engine, graph, feeds)).get("dx")!;
    const read = dx.map((_, index) => {
      const [y, x] = [Math.floor(index / width) % height, index % width];
      return y % 2 === 1 && x % 2 === 1 && y < 18 && x < 14 ? 1 : 0;
    });
    expect(
      dx.map((value) => (value === 0 ? 0 : 1)),
      name,
    ).toEqual(read);
  }
});

/** Statistics of a bundle's result: `fused` by the bundle's kernel, or by a kernel that reads the result. */
function statsOf(settings: PointwiseSettings, data: Data, fused: boolean): { graph: Graph; feeds: Feeds } {
  const { graph, feeds } = pointwiseCase(new CaseBuilder(3), settings, "plain", data);
  const g = GraphBuilder.extend(graph);
  const { value: producer } = graph.outputs[0]!;
  const followers = [1e-5, 0.1].map((eps) => g.add("bn_stats", [producer], { eps }));
  followers.forEach((follower, index) => {
    g.output(`stats${index}`, follower);
  });
  return { graph: fused ? { ...g.build(), epilogues: [{ producer, followers }] } : g.build(), feeds };
}

describe("batch statistics on the way", () => {
  const shapes = {
    "whole images": bundle(3, 37, [...siblings(2, 36, 20), { start: 1, inputs: 3, outputs: 9, offset: [0, 0] }]),
    "threads that are full": bundle(2, 64, siblings(4, 16, 16)),
    "every second pixel": reduction(20, 9),
    "two tables": bundle(1, 5, siblings(50, 8, 8)),
    "one pixel": { ...bundle(1, 1, siblings(1, 5, 5)), size: [1, 1] },
  } satisfies Record<string, PointwiseSettings>;
  /** A result with a mean of up to 1e4 times the deviation. */
  const farFromZero: Data = (rng, count) => uniformData(rng, count).map((value) => 3000 + value);

  test.each(Object.keys(shapes))("of %s agree with those of the result", async (name) => {
    for (const data of [uniformData, farFromZero]) {
      const settings = shapes[name as keyof typeof shapes];
      for (const [kind, engine] of engines()) {
        const fused = statsOf(settings, data, true);
        const got = await runGraph(engine, fused.graph, fused.feeds);
        const apart = statsOf(settings, data, false);
        const want = await runGraph(engine, apart.graph, apart.feeds);
        expect(got.get("y"), kind).toEqual(want.get("y"));
        const y = want.get("y")!;
        const { shape } = fused.graph.nodes[fused.graph.outputs[0]!.value]!.type;
        expect(y.length).toBe(elements(planes(shape)));
        for (const stats of ["stats0", "stats1"]) {
          expectCloseStats(got.get(stats)!, want.get(stats)!, `${kind} ${stats}`);
        }
      }
    }
  });

  test("of constants are exact", async () => {
    const settings = bundle(2, 13, siblings(2, 8, 8));
    const { graph, feeds } = statsOf(settings, (_, count) => new Float32Array(count).fill(1234.5678), true);
    for (const [kind, engine] of engines()) {
      const got = await runGraph(engine, graph, feeds);
      const y = got.get("y")!;
      const stats = got.get("stats0")!;
      const pixels = 13 * 14;
      for (let channel = 0; channel < 16; channel++) {
        expect(stats[channel], kind).toBe(y[channel * pixels]);
        expect(stats[32 + channel], kind).toBe(0);
      }
    }
  });
});

/**
 * Both sum differences to a pixel; a thread that takes its first pixel for all of its 256 at most may lose as many roundings of
 * the variance, and the mean what a rounding of it is.
 */
function expectCloseStats(got: Float32Array, want: Float32Array, name: string): void {
  const channels = want.length / 3;
  want.forEach((value, index) => {
    const deviation = Math.sqrt(want[2 * channels + (index % channels)]!);
    const bound = index < channels ? 2 ** -22 * Math.abs(value) + 1e-5 * deviation : 256 * 2 ** -24 * Math.abs(value);
    expect(Math.abs(got[index]! - value), `${name} ${index}: ${got[index]}, not ${value}`).toBeLessThanOrEqual(bound);
  });
}
