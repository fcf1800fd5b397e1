import { describe, expect, it } from "vitest";
import { SupernetError } from "../../../src/errors.ts";
import { makeSchedule, type ScheduleConf } from "../../../src/train/schedules/index.ts";

const context = { lr: 0.1, epochs: 10, stepsPerEpoch: 4 };
const lrs = (conf: ScheduleConf, steps = 40) => {
  const schedule = makeSchedule(conf, context);
  return Array.from({ length: steps }, (_, step) => schedule.at(step).lr);
};
const failure = (action: () => unknown): SupernetError => {
  try {
    action();
  } catch (error) {
    if (error instanceof SupernetError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
};

describe("makeSchedule", () => {
  it("keeps the learning rate without a type", () => {
    expect(new Set(lrs({ type: "" }))).toEqual(new Set([0.1]));
    expect(new Set(lrs({}))).toEqual(new Set([0.1]));
  });

  it("gives every step of an epoch the same learning rate", () => {
    const all = lrs({ type: "cosine", min_lr: 0.01 });
    for (let step = 0; step < 40; step++) expect(all[step]).toBe(all[step - (step % 4)]);
    expect(new Set(all).size).toBe(10);
  });

  it("ends a cosine at min_lr after the last epoch", () => {
    const schedule = makeSchedule({ type: "cosine", min_lr: 0.01 }, context);
    expect(schedule.at(0).lr).toBe(0.1);
    expect(schedule.at(20).lr).toBeCloseTo(0.055, 12);
    expect(schedule.at(40).lr).toBeCloseTo(0.01, 12);
  });

  it("counts a milestone listed twice twice", () => {
    const all = lrs({ type: "multi_step", milestones: [5, 3, 5], gamma: 0.5 });
    expect([all[11], all[12], all[19], all[20]]).toEqual([0.1, 0.05, 0.05, 0.0125]);
  });

  it("answers for any step without having been asked for earlier ones", () => {
    const conf = { type: "cosine", min_lr: 0, warmup: { epochs: 3, multiplier: 2 } };
    const inOrder = lrs(conf);
    const schedule = makeSchedule(conf, context);
    for (const step of [39, 0, 17, 12, 25]) expect(schedule.at(step).lr).toBe(inOrder[step]);
  });

  it("warms up every type to lr times the multiplier", () => {
    const warmup = { epochs: 2, multiplier: 3 };
    const types: ScheduleConf[] = [
      { type: "" },
      { type: "cosine", min_lr: 0 },
      { type: "step", decay_period: 1, gamma: 0.5 },
      { type: "multi_step", milestones: [3], gamma: 0.1 },
    ];
    for (const conf of types) {
      const all = lrs({ ...conf, warmup });
      expect(all[0]).toBeCloseTo(0.1, 12);
      expect(all[4]).toBeCloseTo(0.2, 12);
      expect(all[8]).toBeCloseTo(0.3, 12);
      expect(all[12]).toBeCloseTo(0.3, 12);
    }
  });

  it("varies momentum against the learning rate in one_cycle", () => {
    const schedule = makeSchedule({ type: "one_cycle", max_lr: 1 }, context);
    const top = schedule.at(11);
    expect(top.lr).toBeCloseTo(1, 12);
    expect(top.momentum).toBeCloseTo(0.85, 12);
    expect(schedule.at(0).lr).toBeCloseTo(0.04, 12);
    expect(schedule.at(0).momentum).toBeCloseTo(0.95, 12);
    expect(schedule.at(39).lr).toBeCloseTo(4e-6, 12);
  });

  it("names the remedy where one_cycle with a warm-up runs out of steps", () => {
    const schedule = makeSchedule({ type: "one_cycle", max_lr: 1, warmup: { epochs: 2, multiplier: 1 } }, context);
    expect(schedule.at(35).lr).toBeGreaterThan(0);
    const error = failure(() => schedule.at(36));
    expect(error.code).toBe("config");
    expect(error.message).toContain("set warmup to null");
  });

  it("rejects what it does not know, naming what it does", () => {
    const make = (conf: ScheduleConf) => failure(() => makeSchedule(conf, context)).message;
    expect(make({ type: "nosuch" })).toBe(
      'lr_schedule.type is "nosuch"; known are cosine, multi_step, step, pyramid, one_cycle and "" (constant)',
    );
    expect(make({ type: "cosine" })).toBe("lr_schedule of type cosine needs the number min_lr");
    expect(make({ type: "multi_step", gamma: 0.1 })).toContain("needs milestones");
    expect(make({ type: "", warmup: { epochs: 2, multiplier: 0.5 } })).toBe(
      "lr_schedule.warmup: epochs must be >= 0 and multiplier >= 1, not 2 and 0.5",
    );
  });
});
