import type { OptimizerConf } from "./optimizers/spec.ts";
import type { ScheduleConf } from "./schedules/index.ts";

/** What the trainer reads of a conf's `trainer` section. */
export interface TrainerConf {
  readonly epochs: number;
  /** Pieces a batch is cut into to fit the device; gradients are accumulated. */
  readonly batch_chunks: number;
  /** Largest global norm of the gradient; 0 does not clip. */
  readonly grad_clip: number;
  /** Weight of the aux tower's loss. */
  readonly aux_weight: number;
  /** Drop-path probability that the last epoch approaches: epoch e of n uses p * e / n. */
  readonly drop_path_prob: number;
  /** Weight of Σ|alpha| in the loss. */
  readonly l1_alphas?: number;
  readonly lossfn: LossConf;
  readonly optimizer: OptimizerConf;
  readonly lr_schedule: ScheduleConf;
  readonly alpha_optimizer?: OptimizerConf;
  readonly alpha_lr_schedule?: ScheduleConf;
  /** Search only: whether alphas are updated by the second-order approximation. */
  readonly second_order?: boolean;
  /** Restores what the reference does differently from the papers; see the conf's comment. */
  readonly reference_quirks?: boolean;
  /** What to do about NaN and infinity: stop, or go back to where the epoch began and on with half the learning rate. */
  readonly on_nonfinite?: "stop" | "back_off";
  readonly validation?: { readonly freq: number; readonly lossfn: LossConf };
}

export interface LossConf {
  readonly type: string;
  readonly smoothing?: number;
}
