import { SupernetError } from "../../errors.ts";
import type { Curve, Rate } from "./curve.ts";
import { constant, cosine, multiStep, pyramid, step } from "./epoch-curves.ts";
import { oneCycle } from "./one-cycle.ts";

export type { Rate } from "./curve.ts";

/** The conf section `lr_schedule`; which keys must be there depends on `type`. */
export interface ScheduleConf {
  /** cosine, multi_step, step, pyramid, one_cycle, or empty for a constant learning rate. */
  readonly type?: string | null;
  readonly min_lr?: number | null;
  readonly milestones?: readonly number[];
  readonly gamma?: number;
  readonly decay_period?: number;
  readonly max_lr?: number;
  readonly warmup?: { readonly epochs?: number; readonly multiplier?: number } | null;
}

export interface ScheduleContext {
  /** Learning rate of the optimizer's conf section; NaN for optimizers without one. */
  readonly lr: number;
  readonly epochs: number;
  /** Optimizer steps in an epoch. */
  readonly stepsPerEpoch: number;
}

export interface Schedule {
  /**
   * @param step optimizer steps since training began; `epochs * stepsPerEpoch` gives the values after the last one.
   * @throws SupernetError("config") where the schedule has ended (one_cycle with a warm-up). Ask for the last step before
   *   training to learn that early.
   */
  at(step: number): Rate;
}

/**
 * The learning rate of every step, as Archai resolves it from a conf.
 *
 * Warm-up, with Archai's two peculiarities, which confs are tuned to: with multiplier 1 it rises from 0, so the first
 * epoch trains nothing (with another multiplier from lr to lr * multiplier); and it takes `epochs + 1` epochs, since the
 * peak is held for one more, so that the curve after it stops one epoch before its end.
 *
 * @throws SupernetError("config") on an unknown type or a missing or impossible setting.
 */
export function makeSchedule(conf: ScheduleConf, context: ScheduleContext): Schedule {
  const warmupEpochs = conf.warmup?.epochs ?? 0;
  const multiplier = conf.warmup?.multiplier ?? 1;
  if (!(warmupEpochs >= 0) || (warmupEpochs > 0 && !(multiplier >= 1))) {
    throw new SupernetError(
      "config",
      `lr_schedule.warmup: epochs must be >= 0 and multiplier >= 1, not ${warmupEpochs} and ${multiplier}`,
    );
  }
  const curve = makeCurve(conf, context, context.epochs - warmupEpochs);
  const { start } = curve;
  const ramp = (position: number): number => {
    const fraction = position / warmupEpochs;
    return start.lr * (multiplier === 1 ? fraction : (multiplier - 1) * fraction + 1);
  };
  return {
    at(stepIndex) {
      const position = curve.perStep ? stepIndex : Math.floor(stepIndex / context.stepsPerEpoch);
      if (warmupEpochs === 0) return curve.at(position, start.lr);
      if (position <= warmupEpochs) return { ...start, lr: ramp(position) };
      return curve.at(position - warmupEpochs - 1, start.lr * multiplier);
    },
  };
}

function makeCurve(conf: ScheduleConf, { lr, stepsPerEpoch }: ScheduleContext, epochs: number): Curve {
  const need = (key: "min_lr" | "gamma" | "decay_period" | "max_lr"): number => {
    const value = conf[key];
    if (typeof value === "number") return value;
    throw new SupernetError("config", `lr_schedule of type ${conf.type} needs the number ${key}`);
  };
  switch (conf.type || "") {
    case "":
      return constant(lr);
    case "cosine":
      return cosine(lr, need("min_lr"), epochs);
    case "multi_step":
      if (!Array.isArray(conf.milestones)) {
        throw new SupernetError("config", "lr_schedule of type multi_step needs milestones, a list of epochs");
      }
      return multiStep(lr, conf.milestones, need("gamma"));
    case "step":
      return step(lr, need("decay_period"), need("gamma"));
    case "pyramid":
      return pyramid(lr, epochs);
    case "one_cycle":
      return oneCycle(need("max_lr"), epochs * stepsPerEpoch);
    default:
      throw new SupernetError(
        "config",
        `lr_schedule.type is "${conf.type}"; known are cosine, multi_step, step, pyramid, one_cycle and "" (constant)`,
      );
  }
}
