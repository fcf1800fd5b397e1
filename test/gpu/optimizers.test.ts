import { afterEach, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { Optimizer, type OptimizerConf, optimizerSpec, stepRates } from "../../src/train/optimizers/index.ts";
import { referenceOptimizer } from "../../src/train/optimizers/reference.ts";
import { testEngine } from "./engine.ts";
import { layoutOf, occupied, relativeError, VectorBench } from "./vectors.ts";

// A few f32 roundings a step over ten steps.
const TOLERANCE = 3e-6;

let engine: Engine;
let bench: VectorBench;
beforeAll(async () => {
  engine = await testEngine();
});
afterEach(() => bench.dispose());

const confs: Record<string, OptimizerConf> = {
  "sgd, plain": { type: "sgd", lr: 0.1, momentum: 0, nesterov: false },
  "sgd, momentum, two decays": { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: false, decay: 0.03, decay_bn: 0.3 },
  "sgd, nesterov": { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: true, decay: 0.01 },
  adam: { type: "adam", lr: 0.01, betas: [0.9, 0.999] },
  "adam, two decays": { type: "adam", lr: 0.01, betas: [0.5, 0.999], decay: 0.1, decay_bn: 0 },
  cocob: { type: "cocob", alpha: 100 },
};

const value = (seed: number) => (index: number) => Math.sin(index * 0.7 + seed) + 0.3 * Math.cos(index * seed + 2);

/** Ten steps on the device and in double precision; returns the weights of both. */
async function race(conf: OptimizerConf, rates: "weights" | "alphas", varying: boolean) {
  bench = new VectorBench(engine, layoutOf([5, 200], [17]));
  const { layout } = bench;
  const inside = occupied(layout);
  const spec = optimizerSpec(conf);
  const weights = bench.arena(value(0));
  const gradient = bench.arena();
  const optimizer = new Optimizer(engine, spec, { weights, gradient, step: bench.step, rates, label: "test" });
  const expected = Float64Array.from(await bench.read(weights));
  const reference = referenceOptimizer(spec, layout.length);
  const encoder = engine.device.createCommandEncoder();
  optimizer.reset(encoder);
  engine.device.queue.submit([encoder.finish()]);
  for (let count = 1; count <= 10; count++) {
    const g = Float32Array.from(inside, (flag, index) => (flag ? value(count)(index) : 0));
    bench.write(gradient, g);
    const rate = varying ? { lr: 0.1 / count, momentum: 0.95 - 0.01 * count } : { lr: conf.lr ?? 0 };
    const { lr, momentum, adamC1, adamC2 } = stepRates(spec, count, rate);
    const wrong = {
      lr: 9,
      momentum: 9,
      adamC1: 9,
      adamC2: 9,
      alphaLr: 9,
      alphaMomentum: 9,
      alphaAdamC1: 9,
      alphaAdamC2: 9,
    };
    bench.setStep(
      rates === "weights"
        ? { ...wrong, lr, momentum, adamC1, adamC2 }
        : { ...wrong, alphaLr: lr, alphaMomentum: momentum, alphaAdamC1: adamC1, alphaAdamC2: adamC2 },
    );
    await bench.run(optimizer.dispatch);
    reference.step(expected, g, rate, layout.batchNormStart);
  }
  const actual = await bench.read(weights);
  optimizer.dispose();
  return { actual, expected, inside };
}

describe.each(Object.entries(confs))("%s", (_, conf) => {
  it("follows the reference, and gaps stay zero", async () => {
    const { actual, expected, inside } = await race(conf, "weights", false);
    expect(relativeError(actual, expected)).toBeLessThan(TOLERANCE);
    expect(actual.every((weight, index) => inside[index] || weight === 0)).toBe(true);
  });

  it("reads learning rate and momentum of each step, and the alphas' own", async () => {
    const { actual, expected } = await race(conf, "alphas", conf.type !== "cocob");
    expect(relativeError(actual, expected)).toBeLessThan(TOLERANCE);
  });
});

describe("Optimizer", () => {
  it("starts over after a reset, bit for bit", async () => {
    for (const conf of Object.values(confs)) {
      bench = new VectorBench(engine, layoutOf([70]));
      const weights = bench.arena(value(0));
      const start = (await bench.read(weights)) as Float32Array<ArrayBuffer>;
      const gradient = bench.arena(value(1));
      const spec = optimizerSpec(conf);
      const optimizer = new Optimizer(engine, spec, {
        weights,
        gradient,
        step: bench.step,
        rates: "weights",
        label: "test",
      });
      const ends: Float32Array[] = [];
      for (let round = 0; round < 2; round++) {
        bench.write(weights, start);
        const encoder = engine.device.createCommandEncoder();
        optimizer.reset(encoder);
        engine.device.queue.submit([encoder.finish()]);
        for (let count = 1; count <= 3; count++) {
          bench.setStep(stepRates(spec, count, { lr: 0.1 }));
          await bench.run(optimizer.dispatch);
        }
        ends.push(await bench.read(weights));
      }
      expect(ends[0]).not.toEqual(start);
      expect(ends[1]).toEqual(ends[0]);
      optimizer.dispose();
    }
  });
});
