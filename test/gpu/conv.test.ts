import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { type ConvCase, compare, integer, results, windows } from "./conv-case.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

const unit = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;

const dense: fc.Arbitrary<ConvCase> = windows({ kernel: 4, channels: 13, extra: 20, samples: 3 }).map(
  ({ shape, kernel, out, attrs, seed }) => ({ shape, weight: [out, shape[1], ...kernel], attrs, bias: false, seed }),
);
const pointwise: fc.Arbitrary<ConvCase> = windows({ kernel: 1, channels: 21, extra: 33, samples: 4 }).map(
  ({ shape, out, seed }) => ({ shape, weight: [out, shape[1], 1, 1], attrs: unit, bias: true, seed }),
);
const linear: fc.Arbitrary<ConvCase> = fc
  .tuple(integer(1, 40), integer(1, 70), integer(1, 30), integer(0, 2 ** 31))
  .map(([n, from, to, seed]) => ({ shape: [n, from, 1, 1], weight: [to, from], attrs: unit, bias: true, seed }));

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

describe("dense convolution and its gradients agree with the reference", () => {
  test.each([
    { name: "any kernel, stride, padding and dilation", cases: dense },
    { name: "1x1, with bias", cases: pointwise },
    { name: "linear layers, with bias", cases: linear },
  ])("$name", async ({ cases }) => {
    await fc.assert(
      fc.asyncProperty(cases, (conv) => compare(engine, conv)),
      { numRuns: 60 },
    );
  });

  test("with the settings of a GPU", async () => {
    const gpu = new Engine({ device: engine.device, kind: "gpu" });
    try {
      await fc.assert(
        fc.asyncProperty(fc.oneof(dense, pointwise, linear), (conv) => compare(gpu, conv)),
        { numRuns: 25 },
      );
    } finally {
      gpu.dispose();
    }
  });

  test("with enough pixels for several blocks a thread and every chunk of the reductions", async () => {
    await compare(engine, { shape: [9, 6, 30, 31], weight: [17, 6, 1, 1], attrs: unit, bias: true, seed: 1 });
    const attrs = { ...unit, padding: [1, 1] } as const;
    await compare(engine, { shape: [9, 3, 30, 31], weight: [9, 3, 3, 3], attrs, bias: true, seed: 2 });
  });
});

test("runs repeat bit for bit", async () => {
  const attrs = { ...unit, padding: [1, 1] } as const;
  const conv: ConvCase = { shape: [5, 7, 19, 23], weight: [10, 7, 3, 3], attrs, bias: true, seed: 3 };
  const first = await results(engine, conv);
  expect(first.size).toBe(4);
  expect(await results(engine, conv)).toEqual(first);
});
