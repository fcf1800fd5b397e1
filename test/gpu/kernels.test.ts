import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { opDefs } from "../../src/graph/ops/index.ts";
import { epilogues } from "../../src/graph/passes/epilogues.ts";
import { elements, flat, type Graph, planes, type TensorType, type Value } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { Lowering } from "../../src/runtime/webgpu/lowering.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { fewValues } from "../cases/case.ts";
import { opCases, uniformData, withGradients } from "../properties.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

/** Tested with more shapes in conv.test.ts. */
const CONVOLUTIONS = ["conv2d_dense", "conv2d_pointwise", "conv2d_depthwise", "linear", "add_bias"];
const NAMES = Object.keys(opCases).filter((name) => !CONVOLUTIONS.includes(name));

let software: Engine;
let gpu: Engine;
beforeAll(async () => {
  software = await testEngine();
  // The same device with the workgroups a GPU gets.
  gpu = new Engine({ device: software.device, kind: "gpu" });
});

describe("every op and its gradient agree with the reference backend", () => {
  test.each(NAMES)("%s", async (name) => {
    const property = (engine: Engine) =>
      fc.asyncProperty(opCases[name]!, async (opCase) => {
        const { graph, feeds } = withGradients(opCase);
        await check(engine, inDirtyStorage(graph), feeds, graph);
      });
    await fc.assert(property(software), { numRuns: 36, seed: 1 });
    await fc.assert(property(gpu), { numRuns: 12, seed: 2 });
  });
});

/** One graph from named inputs; `build` returns the outputs by name. */
function program(
  inputs: Readonly<Record<string, { type: TensorType; data: ArrayLike<number> }>>,
  build: (g: GraphBuilder, values: Record<string, Value>) => Record<string, Value>,
): { graph: Graph; feeds: Feeds } {
  const g = new GraphBuilder();
  const values = Object.fromEntries(Object.entries(inputs).map(([name, { type }]) => [name, g.input(name, type)]));
  for (const [name, value] of Object.entries(build(g, values))) g.output(name, value);
  const data = Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));
  return { graph: g.build(), feeds: { inputs: data, params: {} } };
}

const engines = (): [string, Engine][] => [
  ["software", software],
  ["gpu", gpu],
];

const random = (type: TensorType, seed: number) => ({ type, data: uniformData(new Rng(seed, 0), elements(type)) });

test("every op has a kernel", () => {
  const missing = Object.keys(opDefs).filter((op) => op !== "input" && op !== "param" && !(op in kernels));
  expect(missing).toEqual([]);
});

describe("batch statistics", () => {
  test("keep their digits when the mean is 10,000 times the deviation", async () => {
    const type = planes([3, 6, 61, 47]);
    const x = uniformData(new Rng(7, 0), elements(type)).map((value, index) => {
      const channel = Math.floor(index / (61 * 47)) % 6;
      return [1e4, -1e4, 3e3, 1, 0, 1e4][channel]! + value * [1, 1, 0.5, 1e-3, 1, 2][channel]!;
    });
    const { graph, feeds } = program({ x: { type, data: x } }, (g, { x }) => ({
      stats: g.add("bn_stats", [x!], { eps: 1e-5 }),
    }));
    const want = evaluateReference(graph, feeds).get("stats")!;
    for (const [name, engine] of engines()) {
      const got = (await runGraph(engine, graph, feeds)).get("stats")!;
      // A mean can only be as exact as f32, and sums of differences as exact as the deviation; the rest loses nothing.
      want.forEach((value, index) => {
        const deviation = Math.sqrt(want[12 + (index % 6)]!);
        const bound = index < 6 ? 2 ** -23 * Math.abs(value) + 1e-6 * deviation : 1e-6 * value;
        expect(Math.abs(got[index]! - value), `${name} ${index}`).toBeLessThanOrEqual(bound);
      });
    }
  });

  test("of one pixel and of constants", async () => {
    for (const shape of [
      [1, 3, 1, 1],
      [2, 5, 9, 9],
    ]) {
      const type = planes(shape);
      const data = new Float32Array(elements(type)).fill(1234.5678);
      const { graph, feeds } = program({ x: { type, data } }, (g, { x }) => ({
        stats: g.add("bn_stats", [x!], { eps: 1e-5 }),
      }));
      const got = (await runGraph(software, graph, feeds)).get("stats")!;
      const [, c] = shape as [number, number];
      expect(got.subarray(0, c)).toEqual(new Float32Array(c).fill(1234.5678));
      expect(got.subarray(2 * c)).toEqual(new Float32Array(c));
    }
  });
});

/** Every kernel that reduces, on tensors that need many blocks and a second stage. */
function reductions() {
  const type = planes([3, 7, 65, 43]);
  const tensors = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`x${index}`, random(type, index)]));
  return program({ ...tensors, v: random(flat([70_001]), 20) }, (g, values) => {
    const x = values.x0!;
    const dy = values.x1!;
    const stats = g.add("bn_stats", [x], { eps: 1e-5 });
    const sums = g.add("bn_sums", [dy, x, stats], {});
    const all = Array.from({ length: 9 }, (_, index) => values[`x${index}`]!);
    const indices = [4, 0, 1, 1, 6, 7, 3, 0];
    return {
      stats,
      sums,
      apply: g.add("bn_apply", [x, stats], { affine: false, batch: true }),
      dx: g.add("bn_dx", [dy, x, stats, sums], { affine: false, batch: true }),
      add: g.add("add", all, {}),
      distances: g.add("pair_distances", all.slice(0, 8), {}),
      dw: g.add("weighted_sum_dw", all, { indices, size: 9 }),
      pooled: g.add("global_avg_pool", [x], {}),
      mean: g.add("mean", [values.v!], {}),
      abs: g.add("abs_sum", [values.v!], {}),
    };
  });
}

test("reductions over many blocks", async () => {
  const { graph, feeds } = reductions();
  for (const [, engine] of engines()) await check(engine, graph, feeds);
});

test("results repeat bit for bit", async () => {
  const { graph, feeds } = reductions();
  const first = await runGraph(software, graph, feeds);
  const second = await runGraph(software, graph, feeds);
  for (const [name, data] of first) expect(second.get(name), name).toEqual(data);
});

test("grids of more than 65,535 workgroups", async () => {
  const rows = 8 * 65_535 + 3;
  const { graph, feeds } = program(
    { x: random(flat([2, rows]), 1), image: random(planes([1, 1, rows, 1]), 2) },
    (g, { x, image }) => ({
      row: g.add("row", [x!], { index: 1 }),
      slice: g.add("strided_slice", [image!], { start: [0, 0], stride: [1, 1] }),
    }),
  );
  await check(software, graph, feeds);
});

test("the first of equal pixels wins a max pool", async () => {
  const type = planes([2, 6, 7, 5]);
  const data = uniformData(new Rng(5, 0), elements(type)).map((value) => Math.round(value * 1.4));
  const window = { kernel: [3, 3], stride: [2, 1], padding: [1, 1] } as const;
  const pooled = planes([2, 6, 4, 5]);
  const { graph, feeds } = program({ x: { type, data }, dy: random(pooled, 6) }, (g, { x, dy }) => {
    const argmax = g.add("max_pool_argmax", [x!], window);
    return { argmax, dx: g.add("max_pool_dx", [dy!, argmax], { ...window, shape: type.shape }) };
  });
  for (const [, engine] of engines()) {
    await check(engine, graph, feeds);
    const got = (await runGraph(engine, graph, feeds)).get("argmax")!;
    expect(Array.from(got)).toEqual(Array.from(evaluateReference(graph, feeds).get("argmax")!));
  }
});

test("cross entropy of a thousand classes and of logits that would overflow", async () => {
  const type = planes([5, 1003, 1, 1]);
  const logits = uniformData(new Rng(3, 0), elements(type)).map(
    (value, index) => value * [1, 20, 200, 1000, 0][index % 5]!,
  );
  const labels = { type: flat([5], "u32"), data: [0, 1002, 17, 501, 4] };
  for (const smoothing of [0, 0.1]) {
    const { graph, feeds } = program(
      { logits: { type, data: logits }, labels, dloss: random(flat([5]), 4) },
      (g, { logits, labels, dloss }) => ({
        loss: g.add("cross_entropy", [logits!, labels!], { smoothing }),
        dlogits: g.add("cross_entropy_dx", [logits!, labels!, dloss!], { smoothing }),
        top5: g.add("top_k", [logits!, labels!], { k: 5 }),
      }),
    );
    await check(software, graph, feeds);
  }
});

test.each([0, 1, 2, 3])("a loss and %i hits among the same logits", async (hits) => {
  // Few different logits: many ties.
  const logits = { type: planes([9, 7, 1, 1]), data: fewValues(new Rng(8, 0), 63) };
  const labels = { type: flat([9], "u32"), data: [0, 6, 3, 5, 1, 2, 4, 6, 0] };
  const { graph, feeds } = program({ logits, labels }, (g, { logits, labels }) => ({
    loss: g.add("cross_entropy", [logits!, labels!], { smoothing: 0.1 }),
    ...Object.fromEntries(
      Array.from({ length: hits }, (_, i) => [i, g.add("top_k", [logits!, labels!], { k: 2 * i + 1 })]),
    ),
  }));
  const marked = epilogues.run(graph);
  const { dispatches } = new Lowering(software, marked, kernels);
  expect(dispatches.map(({ shader }) => shader)).toEqual(["cross_entropy", ...(hits > 2 ? ["top_k"] : [])]);
  for (const [, engine] of engines()) await check(engine, marked, feeds, graph);
});

test("fills of every kind", async () => {
  const { graph, feeds } = program({}, (g) => ({
    flat: g.add("fill", [], { type: flat([2, 77]), value: -0.1 }),
    whole: g.add("fill", [], { type: flat([70], "u32"), value: 70_000 }),
    bytes: g.add("fill", [], { type: planes([2, 6, 3, 3], "u32"), value: 7 }),
    planes: g.add("fill", [], { type: planes([2, 6, 3, 3]), value: 3.5 }),
  }));
  for (const [, engine] of engines()) await check(engine, graph, feeds);
});

test("drop path draws exactly what the reference draws", async () => {
  const g = new GraphBuilder();
  g.output("mask", g.add("drop_path_mask", [], { index: 3, samples: 1000 }));
  const feeds = { inputs: {}, params: {}, step: { seed: 0x1234_5678_9abc, step: 41, dropPath: 0.3 } };
  const want = evaluateReference(g.build(), feeds).get("mask")!;
  const got = (await runGraph(software, g.build(), feeds)).get("mask")!;
  expect(Array.from(got, (value) => value > 0)).toEqual(Array.from(want, (value) => value > 0));
});

test("the sign of zero is zero in the gradient of a sum of absolute values", async () => {
  const { graph, feeds } = program(
    { v: { type: flat([5]), data: [0, -0, 2, -3, 1e-30] }, dy: { type: flat([1]), data: [-0.5] } },
    (g, { v, dy }) => ({ dv: g.add("abs_sum_dx", [v!, dy!], {}), sum: g.add("abs_sum", [v!], {}) }),
  );
  await check(software, graph, feeds);
  expect(Array.from((await runGraph(software, graph, feeds)).get("dv")!, (value) => value + 0)).toEqual([
    0, 0, -0.5, 0.5, -0.5,
  ]);
});
