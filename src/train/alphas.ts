import { SupernetError } from "../errors.ts";
import type { TrainerConf } from "./conf.ts";
import { optimizerSchedule } from "./optimizers/schedule.ts";
import { type OptimizerSpec, optimizerSpec, type StepRates, stepRates } from "./optimizers/spec.ts";
import type { Schedule } from "./schedules/index.ts";

// What the update of the alphas is made of, whatever computes it.

/** DARTS chooses ε = 0.01 / ‖dw‖ (Liu et al. 2019, footnote 2). */
export const EPSILON_LENGTH = 0.01;

function alphaSchedule(conf: TrainerConf, spec: OptimizerSpec, stepsPerEpoch: number): Schedule {
  const { epochs } = conf;
  const last = Math.max(0, epochs * stepsPerEpoch - 1);
  return optimizerSchedule(conf.alpha_lr_schedule ?? {}, spec, { epochs, stepsPerEpoch }, last);
}

/** The optimizer of the alphas with its rates, step by step. */
export interface AlphaOptimizer {
  readonly spec: OptimizerSpec;
  /** @param step from 0 */
  rates(step: number): StepRates;
}

/** `alpha_optimizer` and `alpha_lr_schedule` of a conf's trainer. @throws SupernetError("config") on impossible settings */
export function alphaOptimizer(conf: TrainerConf, stepsPerEpoch: number): AlphaOptimizer {
  const spec = optimizerSpec(conf.alpha_optimizer ?? {}, "alpha_optimizer");
  const schedule = alphaSchedule(conf, spec, stepsPerEpoch);
  return { spec, rates: (step) => stepRates(spec, step + 1, schedule.at(step)) };
}

/** The virtual step w' = w - ξ(μm + g + λw) is a step of SGD. */
export function needsSgd(weights: OptimizerSpec | undefined): SupernetError {
  return new SupernetError(
    "config",
    `the second-order update of the alphas needs optimizer.type sgd for the weights, not ${weights?.type}; ` +
      "change it or set second_order: false",
  );
}
