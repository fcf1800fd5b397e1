import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { measurePeaks } from "../../src/bench/peaks.ts";
import { type DispatchTime, profileStep } from "../../src/bench/profile.ts";
import { makeStep, stepFlops } from "../../src/bench/step.ts";
import { StepTimer } from "../../src/bench/timer.ts";
import { WORKLOADS, type Workload } from "../../src/bench/workloads.ts";
import { passes } from "../../src/graph/passes/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { newEngine, testEngine } from "./engine.ts";
import { held } from "./small.ts";

/** Every kind of cell and of op, as small as that gets. */
const SMALL: Workload = { cells: 3, reductions: 1, nodes: 1, batch: 1, step: "weights" };

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

test("the losses of `first` are the peers', step by step", async () => {
  const engine = await testEngine();
  const before = held(engine);
  const step = await makeStep(engine, WORKLOADS.first);
  // Printed by TensorFlow.js, jax-js and PyTorch alike, the last digit aside.
  for (const expected of [2.430821, 2.412981, 2.380752]) {
    const encoder = engine.device.createCommandEncoder();
    step.encode(encoder);
    engine.device.queue.submit([encoder.finish()]);
    expect(await step.loss()).toBeCloseTo(expected, 4);
  }
  step.dispose();
  expect(held(engine)).toEqual(before);
});

test("a step is timed, and its commands counted", async () => {
  const engine = await testEngine();
  const timer = await StepTimer.start(engine, SMALL);
  await timer.run(3, 1);
  const { submits, dispatches, firstStep, median, min, host, bytes, buffers } = timer.result();
  expect(submits).toBe(1);
  expect(timer.record().kernels.length, "every dispatch is recorded").toBe(dispatches);
  expect(firstStep).toBeGreaterThan(median);
  expect(median).toBeGreaterThan(host);
  expect(median).toBeGreaterThanOrEqual(min);
  expect({ liveBytes: bytes, liveBuffers: buffers }, "steps leave nothing behind").toEqual(held(engine));
  timer.dispose();
});

describe("steps of every kind", () => {
  test.each([
    ["weights", 1],
    ["gradients", 1],
    ["bilevel", 5],
  ] as const)("%s: the kernels' flops are those of the workload", async (step, forwardPasses) => {
    const engine = await testEngine();
    const workload = { ...SMALL, step };
    // What is computed twice counts once in the workload.
    const timer = await StepTimer.start(engine, workload, { without: ["recompute"] });
    await timer.run(1, 0);
    const { kernels } = timer.record();
    const ratio = sum(kernels.map(({ dispatch }) => dispatch.flops ?? 0)) / stepFlops(workload);
    // Of two states that lie side by side both get a gradient, also where only one leads to alphas.
    if (step === "bilevel") expect(Math.abs(ratio - 1)).toBeLessThan(0.05);
    else expect(ratio).toBeCloseTo(1, 6);
    expect(kernels.filter(({ dispatch }) => dispatch.shader === "cross_entropy").length).toBe(forwardPasses);
    expect(timer.result().loss).toBeCloseTo(Math.log(10), 0);
    timer.dispose();
  });

  test("without passes there is more to do, and the loss is the same", async () => {
    const engine = await testEngine();
    const results = async (without: readonly string[]) => {
      const timer = await StepTimer.start(engine, SMALL, { without });
      await timer.run(1, 0);
      const result = timer.result();
      timer.dispose();
      return result;
    };
    const [few, many] = [await results([]), await results(passes.map(({ name }) => name))];
    expect(many.dispatches).toBeGreaterThan(few.dispatches);
    expect(many.bytesMoved).toBeGreaterThan(few.bytesMoved);
    expect(many.loss).toBeCloseTo(few.loss, 5);
    await expect(StepTimer.start(engine, SMALL, { without: ["magic"] })).rejects.toThrow('no graph pass "magic"');
  });
});

describe("a profile", () => {
  let stamped: Engine;
  beforeAll(async () => {
    stamped = await newEngine(["timestamp-query"]);
  });
  afterAll(() => stamped.dispose());

  test.each(["timestamps", "wall"] as const)("by %s has every dispatch", async (clock) => {
    const engine = clock === "timestamps" ? stamped : await testEngine();
    const timer = await StepTimer.start(engine, SMALL);
    const recorder = timer.record();
    const before = held(engine);
    const profile = await profileStep(engine, recorder, 1);
    expect(held(engine)).toEqual(before);
    expect(profile.clock).toBe(clock);
    expect(profile.dispatches.map(({ family }) => family)).toEqual(
      recorder.kernels.map(({ dispatch }) => `${dispatch.shader}.${dispatch.entry ?? "main"}`),
    );
    const convolutions = profile.dispatches.filter(({ flops }) => flops > 0);
    expect(convolutions.every(({ module }) => /^(model_stems|cells|logits_op)\b/.test(module))).toBe(true);
    expect(profile.dispatches.every(({ milliseconds, bytes }) => milliseconds >= 0 && bytes > 0)).toBe(true);
    const { gflops } = await measurePeaks(engine, "software");
    const rate = (times: readonly DispatchTime[]) =>
      sum(times.map(({ flops }) => flops)) / sum(times.map(({ milliseconds }) => milliseconds)) / 1e6;
    expect(rate(convolutions)).toBeGreaterThan(0);
    expect(rate(convolutions), "no convolution is faster than the peak").toBeLessThan(gflops);
    timer.dispose();
  });
});
