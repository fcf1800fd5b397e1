import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { SupernetError } from "../../src/errors.ts";
import { clipFactor, referenceOptimizer } from "../../src/train/optimizers/reference.ts";
import { type OptimizerConf, optimizerSpec } from "../../src/train/optimizers/spec.ts";
import { makeSchedule, type ScheduleConf } from "../../src/train/schedules/index.ts";

const folder = join(process.env.ORACLE_DIR ?? join(import.meta.dirname, "data"), "misc");

/** Golden JSON with its spelling of non-finite numbers resolved. */
function load<T>(name: string): T {
  const special: Record<string, number> = { ".nan": Number.NaN, ".inf": Infinity, "-.inf": -Infinity };
  return JSON.parse(readFileSync(join(folder, name), "utf8"), (_, value) => special[value as string] ?? value) as T;
}

const has = (name: string): boolean => existsSync(join(folder, name));

/** Largest difference relative to the largest expected magnitude. */
function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let magnitude = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
    magnitude = Math.max(magnitude, Math.abs(expected[i]!));
    if (Number.isNaN(actual[i]!)) return Number.POSITIVE_INFINITY;
  }
  return difference / magnitude;
}

interface ScheduleCase {
  case: string;
  lr_schedule: ScheduleConf;
  optimizer: { lr: number };
  epochs: number;
  steps_per_epoch: number;
  lr?: number[];
  momentum?: number[];
  lr_after?: number;
  error?: string;
}

// The reference computes schedules in double precision too, but a cosine step by step from its last value: what differs is
// the rounding of some hundred epochs.
const SCHEDULE_TOLERANCE = 1e-9;

describe.runIf(has("schedules.json"))("schedules", () => {
  for (const golden of has("schedules.json") ? load<ScheduleCase[]>("schedules.json") : []) {
    it(golden.case, () => {
      const make = () =>
        makeSchedule(golden.lr_schedule, {
          lr: golden.optimizer.lr,
          epochs: golden.epochs,
          stepsPerEpoch: golden.steps_per_epoch,
        });
      if (!golden.lr) {
        expect(golden.error).toBeDefined();
        expect(make).toThrow(SupernetError);
        return;
      }
      const schedule = make();
      const expected = golden.lr_after === undefined ? golden.lr : [...golden.lr, golden.lr_after];
      const rates = expected.map((_, step) => schedule.at(step));
      const lr = rates.map((rate) => rate.lr);
      expect(relativeError(lr, expected)).toBeLessThan(SCHEDULE_TOLERANCE);
      if (golden.momentum) {
        const momentum = golden.momentum.map((_, step) => rates[step]?.momentum ?? Number.NaN);
        expect(relativeError(momentum, golden.momentum)).toBeLessThan(SCHEDULE_TOLERANCE);
      }
      if (golden.error) expect(() => schedule.at(lr.length)).toThrow(SupernetError);
    });
  }
});

interface OptimizerCase {
  case: string;
  optimizer: OptimizerConf;
  initial: number[];
  grads: number[][];
  params: number[][];
}

interface ClipCase {
  max_norm: number;
  grads: number[][];
  total_norm: number;
  clipped: number[][];
}

// The reference steps in f32: a few roundings of 6e-8 a step, over the handful of steps of a case.
const OPTIMIZER_TOLERANCE = 2e-6;

describe.runIf(has("optimizers.json"))("optimizers", () => {
  const golden = has("optimizers.json")
    ? load<{ optimizers: OptimizerCase[]; clip_grad_norm: ClipCase[] }>("optimizers.json")
    : { optimizers: [], clip_grad_norm: [] };

  for (const { case: name, optimizer: conf, initial, grads, params } of golden.optimizers) {
    it(`${name}, reference`, () => {
      const optimizer = referenceOptimizer(optimizerSpec(conf), initial.length);
      const weights = Float64Array.from(initial);
      grads.forEach((gradient, step) => {
        optimizer.step(weights, gradient, { lr: conf.lr ?? 0 });
        expect(relativeError(weights, params[step]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
      });
    });
  }

  for (const { max_norm, grads, total_norm, clipped } of golden.clip_grad_norm) {
    it(`gradients clipped to ${max_norm}, reference`, () => {
      const { norm, factor } = clipFactor(grads, max_norm);
      expect(relativeError([norm], [total_norm])).toBeLessThan(OPTIMIZER_TOLERANCE);
      grads.forEach((gradient, index) => {
        const scaled = gradient.map((value) => value * factor);
        expect(relativeError(scaled, clipped[index]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
      });
    });
  }
});
