import { z } from "zod";
import { apex } from "./common.ts";
import { amount, chunks, count, flag, numberOrNaN, positive, share, text } from "./values.ts";

export const lossfn = z.strictObject({
  type: z.enum(["CrossEntropyLoss", "CrossEntropyLabelSmooth"]).default("CrossEntropyLoss"),
  /** Of CrossEntropyLabelSmooth: what the true class gives to the others together. */
  smoothing: share.optional(),
});

const warmup = z.strictObject({ epochs: count, multiplier: z.number().min(1).default(1) }).nullable();

export const optimizer = z.strictObject({
  type: z.enum(["sgd", "adam", "cocob"]),
  lr: amount.optional(),
  decay: amount.default(0),
  decay_bn: numberOrNaN.nullable().default(Number.NaN),
  momentum: amount.default(0),
  nesterov: flag.default(false),
  betas: z.array(share).length(2).default([0.9, 0.999]),
  /** Of COCOB. */
  alpha: amount.default(100),
  clip: amount.optional(),
  /** Misplaced in some of Archai's confs; the one of lr_schedule counts. */
  warmup: warmup.optional(),
});

export const lrSchedule = z.strictObject({
  type: z.enum(["", "cosine", "multi_step", "step", "pyramid", "one_cycle"]).nullable().default(""),
  min_lr: amount.nullable().default(0),
  warmup: warmup.default(null),
  /** Of multi_step: epochs after which the rate is multiplied by gamma. */
  milestones: z.array(count).optional(),
  gamma: amount.optional(),
  /** Of step: epochs between two multiplications by gamma. */
  decay_period: positive.optional(),
  /** Of one_cycle. */
  max_lr: amount.optional(),
});

export const validation = z.strictObject({
  title: text.default("validation"),
  freq: count.default(1),
  batch_chunks: chunks.default(1),
  logger_freq: count.default(0),
  lossfn: lossfn.prefault({}),
});

export const trainer = z.strictObject({
  title: text.default("train"),
  epochs: count,
  batch_chunks: chunks.default(1),
  drop_path_prob: share.default(0),
  aux_weight: amount.default(0),
  grad_clip: amount.default(0),
  l1_alphas: amount.default(0),
  logger_freq: count.default(1000),
  plotsdir: text.default(""),
  lossfn: lossfn.prefault({}),
  optimizer,
  lr_schedule: lrSchedule.prefault({}),
  validation: validation.prefault({}),
  apex: apex.prefault({}),
  /** Ours: true repeats where the reference departs from the paper. */
  reference_quirks: flag.default(false),
  /**
   * Ours: what to do when a loss or a parameter becomes NaN or infinite. stop: end the run, saying where; back_off: go back to
   * where the epoch began and on with half the learning rate of the weights, five times at most.
   */
  on_nonfinite: z.enum(["stop", "back_off"]).default("stop"),
});

/** The trainer of a search: also of the alphas. */
export const archTrainer = trainer.extend({
  alpha_optimizer: optimizer.optional(),
  alpha_lr_schedule: lrSchedule.prefault({}),
  /** Ours: false leaves out the second-order term of DARTS. */
  second_order: flag.default(true),
});
