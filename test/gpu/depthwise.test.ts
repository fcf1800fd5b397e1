import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { type ConvCase, compare, results, windows } from "./conv-case.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

/** Kernels up to 7 wide: weight gradients take five taps of a row at a time. */
const depthwise: fc.Arbitrary<ConvCase> = windows({ kernel: 7, channels: 13, extra: 24, samples: 3 })
  .filter(({ shape }) => shape[1] > 1)
  .map(({ shape, kernel, attrs, seed }) => ({
    shape,
    weight: [shape[1], 1, ...kernel],
    attrs: { ...attrs, groups: shape[1] },
    bias: false,
    seed,
  }));

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

describe("depthwise convolution and its gradients agree with the reference", () => {
  test("any kernel, stride, padding and dilation", async () => {
    await fc.assert(
      fc.asyncProperty(depthwise, (conv) => compare(engine, conv)),
      { numRuns: 80 },
    );
  });

  test("with the settings of a GPU", async () => {
    const gpu = new Engine({ device: engine.device, kind: "gpu" });
    try {
      await fc.assert(
        fc.asyncProperty(depthwise, (conv) => compare(gpu, conv)),
        { numRuns: 15 },
      );
    } finally {
      gpu.dispose();
    }
  });
});

test("runs repeat bit for bit", async () => {
  const attrs = { stride: [1, 1], padding: [4, 4], dilation: [2, 2], groups: 6 } as const;
  const conv: ConvCase = { shape: [5, 6, 19, 23], weight: [6, 1, 5, 5], attrs, bias: false, seed: 3 };
  const first = await results(engine, conv);
  expect(first.size).toBe(3);
  expect(await results(engine, conv)).toEqual(first);
});
