import { z } from "zod";
import { amount, count, flag, limit, positive, text } from "./values.ts";

export const checkpoint = z
  .strictObject({
    filename: text,
    freq: count.default(10),
    /** Ours: minutes after which one is written in any case. */
    minutes: amount.default(10),
    /** Ours: steps after which one is written, and training waits until its state is copied; 0 for none by steps. */
    steps: count.default(0),
  })
  .nullable();

/** Settings of several devices and mixed precision: read for Archai's sake, without effect here. */
export const apex = z.strictObject({
  enabled: flag.default(false),
  distributed_enabled: flag.default(false),
  mixed_prec_enabled: flag.default(false),
  gpus: text.default(""),
  opt_level: text.optional(),
  bn_fp32: flag.optional(),
  loss_scale: text.optional(),
  sync_bn: flag.default(false),
  scale_lr: flag.default(true),
  min_world_size: count.default(0),
  detect_anomaly: flag.default(false),
  seed: z.number().default(0),
  ray: z.strictObject({ enabled: flag.default(false), local_mode: flag.default(false) }).prefault({}),
});

export const common = z.strictObject({
  experiment_name: text.default("throwaway"),
  experiment_desc: text.default(""),
  seed: amount.default(0),
  smoke_test: flag.default(false),
  only_eval: flag.default(false),
  resume: flag.default(false),
  detect_anomaly: flag.default(false),
  checkpoint: checkpoint.default(null),
  logdir: text.default("~/logdir"),
  log_prefix: text.default("log"),
  log_level: count.default(20),
  yaml_log: flag.default(true),
  backup_existing_log_file: flag.default(false),
  tb_enable: flag.default(false),
  tb_dir: text.default("$expdir/tb"),
  redis: text.nullable().default(null),
  apex: apex.prefault({}),
  /** Ours: MiB of memory that the device has for a run; 0 where nobody knows. */
  gpu_memory: amount.default(0),
  /** Set by the experiment, never by a conf file. */
  expdir: text.optional(),
  distdir: text.optional(),
  /** Left in Archai's files for large images; nothing reads it any more. */
  toy_mode: z
    .strictObject({
      max_batches: limit,
      train_batch: positive,
      test_batch: positive,
      seed_train_epochs: count,
      post_train_epochs: count,
    })
    .partial()
    .optional(),
});
