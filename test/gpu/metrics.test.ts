import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { flat } from "../../src/graph/types.ts";
import { type Engine, encodePass, type Kernel } from "../../src/runtime/webgpu/engine.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import { DeviceMetrics } from "../../src/train/metric-sums.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

describe("the metrics of a pass", () => {
  const SAMPLES = 3;
  let metrics: DeviceMetrics;
  let step: StepUniform;
  let loss: GPUBuffer;
  let kernels: readonly Kernel[];

  beforeAll(async () => {
    const g = new GraphBuilder();
    for (const name of ["loss", "top1", "top5"]) g.output(name, g.input(name, flat([SAMPLES])));
    const program = new Program(engine, g.build(), new Workspace(engine.buffers));
    metrics = new DeviceMetrics(engine);
    step = new StepUniform(engine.device, engine.buffers, 1);
    loss = program.output("loss").buffer;
    ({ kernels } = await engine.kernels([metrics.accumulate(program, step.buffer)], "metrics"));
  });

  /** Counts chunks of a pass one after another. */
  async function count(chunks: readonly { losses: readonly number[]; valid?: number; sampleStart?: number }[]) {
    metrics.reset();
    for (const { losses, valid = SAMPLES, sampleStart = 0 } of chunks) {
      engine.device.queue.writeBuffer(loss, 0, Float32Array.from(losses));
      step.write([{ valid, sampleStart }]);
      const encoder = engine.device.createCommandEncoder();
      step.use(encoder, 0);
      encodePass(encoder, kernels);
      engine.device.queue.submit([encoder.finish()]);
    }
    return metrics.read();
  }

  const WELL = { losses: [1, 2, 3] };

  test.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
  ])("remember the first step with %s, whatever follows", async (_, bad) => {
    const { notFinite, pass } = await count([WELL, WELL, { losses: [1, 2, bad] }, WELL, { losses: [bad, 1, 1] }]);
    expect(notFinite).toBe(2);
    expect(pass.loss).toSatisfy((value: number) => !Number.isFinite(value));
  });

  test("count steps, not chunks", async () => {
    const later = { ...WELL, sampleStart: SAMPLES };
    expect(await count([WELL, later, WELL, { losses: [Number.NaN, 0, 0], sampleStart: SAMPLES }])).toMatchObject({
      notFinite: 1,
    });
  });

  test("leave alone what is large, what does not count, and what was before", async () => {
    // The sum of these overflows; no loss does.
    const huge = await count([{ losses: [3e38, 3e38, 3e38] }]);
    expect(huge).not.toHaveProperty("notFinite");
    expect(huge.pass.loss).toBe(Number.POSITIVE_INFINITY);
    const padded = await count([{ losses: [1, 2, Number.NaN], valid: 2 }]);
    expect(padded).toEqual({
      pass: { loss: 1.5, top1: 0, top5: 0, samples: 2 },
      step: { loss: 1.5, top1: 0, top5: 0, samples: 2 },
    });
  });
});
