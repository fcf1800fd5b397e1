import { describe, expect, it } from "vitest";
import { clipFactor, referenceOptimizer } from "../../../src/train/optimizers/reference.ts";
import { optimizerSpec, stepRates } from "../../../src/train/optimizers/spec.ts";

describe("optimizerSpec", () => {
  it("takes decay_bn from decay where it is absent, null or NaN", () => {
    const conf = { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: false, decay: 3e-4 };
    for (const decay_bn of [undefined, null, Number.NaN]) {
      expect(optimizerSpec({ ...conf, decay_bn })).toEqual({
        type: "sgd",
        lr: 0.1,
        momentum: 0.9,
        nesterov: false,
        decay: 3e-4,
        decayBatchNorm: 3e-4,
      });
    }
    expect(optimizerSpec({ ...conf, decay_bn: 0 })).toMatchObject({ decay: 3e-4, decayBatchNorm: 0 });
    expect(optimizerSpec({ ...conf, decay: Number.NaN })).toMatchObject({ decay: 0, decayBatchNorm: 0 });
  });

  it("reads adam and cocob", () => {
    expect(optimizerSpec({ type: "adam", lr: 3e-4, betas: [0.5, 0.999], decay: 1e-3 })).toEqual({
      type: "adam",
      lr: 3e-4,
      betas: [0.5, 0.999],
      epsilon: 1e-8,
      decay: 1e-3,
      decayBatchNorm: 1e-3,
    });
    expect(optimizerSpec({ type: "cocob", alpha: 100 })).toEqual({ type: "cocob", alpha: 100, epsilon: 1e-8 });
  });

  it("rejects unknown types and impossible settings, naming the conf path", () => {
    expect(() => optimizerSpec({ type: "salsa" }, "nas.eval.trainer.optimizer")).toThrow(
      'nas.eval.trainer.optimizer.type is "salsa"; known are sgd, adam and cocob',
    );
    expect(() => optimizerSpec({ type: "sgd", lr: 0.1 })).toThrow(
      "optimizer of type sgd needs momentum, a number >= 0",
    );
    expect(() => optimizerSpec({ type: "sgd", lr: 0.1, momentum: 0, nesterov: true })).toThrow(
      "optimizer.nesterov needs a momentum above 0; set optimizer.momentum or nesterov: false",
    );
    expect(() => optimizerSpec({ type: "adam", lr: 0.1, betas: [0.9, 1] })).toThrow(
      "betas must be two numbers in [0, 1)",
    );
    expect(() => optimizerSpec({ type: "adam", lr: -1 })).toThrow("needs lr, a number >= 0, and has -1");
  });
});

describe("stepRates", () => {
  it("corrects Adam's moments, with beta1 from the schedule where it has one", () => {
    const spec = optimizerSpec({ type: "adam", lr: 0.1, betas: [0.5, 0.75] });
    expect(stepRates(spec, 2, { lr: 0.1 })).toEqual({ lr: 0.1, momentum: 0.5, adamC1: 1 / 0.75, adamC2: 1 / 0.4375 });
    expect(stepRates(spec, 1, { lr: 0.1, momentum: 0.75 })).toMatchObject({ momentum: 0.75, adamC1: 4, adamC2: 4 });
  });
});

describe("referenceOptimizer", () => {
  it("decays batch-norm parameters by their own rate", () => {
    const spec = optimizerSpec({ type: "sgd", lr: 1, momentum: 0, decay: 0.5, decay_bn: 0 });
    const weights = Float64Array.of(1, 1, 1);
    referenceOptimizer(spec, 3).step(weights, [0, 0, 0], { lr: 1 }, 2);
    expect([...weights]).toEqual([0.5, 0.5, 1]);
  });

  it("leaves elements alone whose weight and gradient are zero, with every optimizer", () => {
    for (const conf of [
      { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: true, decay: 0.1 },
      { type: "adam", lr: 0.1, decay: 0.1 },
      { type: "cocob", alpha: 100 },
    ]) {
      const weights = Float64Array.of(0, 1);
      const optimizer = referenceOptimizer(optimizerSpec(conf), 2);
      for (let step = 0; step < 5; step++) optimizer.step(weights, [0, Math.sin(step)], { lr: 0.1 });
      expect(weights[0]).toBe(0);
      expect(weights[1]).not.toBe(1);
    }
  });
});

describe("clipFactor", () => {
  it("is 1 for short gradients and for all vectors together", () => {
    expect(clipFactor([[3], [4]], 10)).toEqual({ norm: 5, factor: 1 });
    expect(clipFactor([[3], [4]], 1).factor).toBeCloseTo(1 / 5.000001, 15);
  });
});
