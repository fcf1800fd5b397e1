import * as fc from "fast-check";
import { beforeAll, describe, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Conv2dAttrs, elements, planes, type Value } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { largeCases, uniformData, withGradients } from "../properties.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { type ConvCase, compare } from "./conv-case.ts";
import { testEngine } from "./engine.ts";

/**
 * Tensors on which an invocation takes several blocks, reductions run in chunks, and grids have more than one row: code
 * that small cases never reach.
 */
const engines: { software?: Engine; gpu?: Engine } = {};
const KINDS = ["software", "gpu"] as const;
beforeAll(async () => {
  const engine = await testEngine();
  engines.software = engine;
  // The same device with the workgroups a GPU gets.
  engines.gpu = new Engine({ device: engine.device, kind: "gpu" });
});

describe.each(KINDS)("random large cases with the settings of %s", (kind) => {
  test.each(Object.keys(largeCases))("%s", async (name) => {
    await fc.assert(
      fc.asyncProperty(largeCases[name]!, async (opCase) => {
        const { graph, feeds } = withGradients(opCase);
        await check(engines[kind]!, inDirtyStorage(graph), feeds, graph);
      }),
      { numRuns: kind === "software" ? 12 : 6, seed: 1 },
    );
  });
});

type Square = Partial<Record<"stride" | "padding" | "dilation", number>>;

const square = ({ stride = 1, padding = 0, dilation = 1 }: Square, groups = 1): Conv2dAttrs => ({
  stride: [stride, stride],
  padding: [padding, padding],
  dilation: [dilation, dilation],
  groups,
});

function dense(shape: ConvCase["shape"], out: number, kernel: number, attrs: Square = {}): ConvCase {
  return { shape, weight: [out, shape[1], kernel, kernel], attrs: square(attrs), bias: true, seed: 1 };
}

function depthwise(shape: ConvCase["shape"], kernel: number, attrs: Square): ConvCase {
  const channels = shape[1];
  return { shape, weight: [channels, 1, kernel, kernel], attrs: square(attrs, channels), bias: false, seed: 2 };
}

/** An image of one column: one tile per pixel, so that few pixels need many workgroups. */
const COLUMN = 8 * 65_535 + 3;

const convolutions: Readonly<Record<string, ConvCase>> = {
  "pointwise, 6,144 pixels": dense([6, 16, 32, 32], 8, 1),
  "pointwise, more pixels than whole blocks": dense([9, 13, 33, 31], 22, 1),
  "pointwise, one quad to many": dense([12, 3, 32, 32], 48, 1),
  "pointwise with stride 2": dense([6, 16, 33, 32], 18, 1, { stride: 2 }),
  "dense 3x3": dense([6, 10, 33, 31], 14, 3, { padding: 1 }),
  "dense 3x3 with stride 2": dense([6, 10, 34, 33], 14, 3, { padding: 1, stride: 2 }),
  "dense 3x3, dilated": dense([4, 9, 33, 32], 9, 3, { padding: 2, dilation: 2 }),
  "dense 5x5, with more rows than chunks": dense([20, 2, 32, 9], 3, 5, { padding: 2 }),
  "linear layer": dense([96, 300, 1, 1], 101, 1),
  "depthwise 3x3": depthwise([6, 18, 33, 35], 3, { padding: 1 }),
  "depthwise 5x5": depthwise([6, 18, 33, 35], 5, { padding: 2 }),
  "depthwise 3x3, dilated": depthwise([6, 18, 33, 35], 3, { padding: 2, dilation: 2 }),
  "depthwise 5x5, dilated": depthwise([6, 18, 33, 35], 5, { padding: 4, dilation: 2 }),
  "depthwise 3x3 with stride 2": depthwise([6, 18, 34, 35], 3, { padding: 1, stride: 2 }),
  "depthwise 5x5 with stride 2": depthwise([6, 18, 34, 35], 5, { padding: 2, stride: 2 }),
  "depthwise 3x3, dilated, with stride 2": depthwise([6, 18, 34, 35], 3, { padding: 2, dilation: 2, stride: 2 }),
  "depthwise 5x5, dilated, with stride 2": depthwise([6, 18, 34, 35], 5, { padding: 4, dilation: 2, stride: 2 }),
  "depthwise 3x3, with more rows than chunks": depthwise([20, 2, 33, 10], 3, { padding: 1 }),
};

describe.each(KINDS)("large convolutions with the settings of %s", (kind) => {
  test.each(Object.entries(convolutions))("%s", (_, conv) => compare(engines[kind]!, conv));
});

describe("more than 65,535 workgroups", () => {
  test.each([
    ["dense", dense([1, 1, COLUMN, 1], 1, 3, { padding: 1 })],
    ["dense with stride 2", dense([1, 1, 2 * COLUMN, 1], 1, 3, { padding: 1, stride: 2 })],
    ["depthwise", depthwise([1, 2, COLUMN, 1], 3, { padding: 1 })],
  ])("%s convolution", (_, conv) => compare(engines.software!, conv));

  /** An op of one input, with its gradient. */
  async function checkOp(shape: readonly number[], build: (g: GraphBuilder, x: Value) => Value): Promise<void> {
    const g = new GraphBuilder();
    const type = planes(shape);
    const x = g.input("x", type);
    g.output("y", build(g, x));
    const inputs = { x: uniformData(new Rng(4, 0), elements(type)) };
    const wrt = [{ name: "x", value: x }];
    const { graph, feeds } = withGradients({ graph: g.build(), feeds: { inputs, params: {} }, wrt, smooth: true });
    await check(engines.software!, graph, feeds);
  }

  test.each(["max_pool", "avg_pool"] as const)("%s", async (op) => {
    const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
    await checkOp([1, 1, COLUMN, 1], (g, x) => g.add(op, [x], window));
  });

  test("global_avg_pool", () => checkOp([COLUMN, 1, 1, 2], (g, x) => g.add("global_avg_pool", [x], {})));
});
