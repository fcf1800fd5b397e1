import { z } from "zod";
import { apex } from "./common.ts";
import { count, flag, limit, positive, share, text } from "./values.ts";

export const dataset = z.strictObject({
  name: text,
  n_classes: positive,
  channels: positive.default(3),
  dataroot: text.default("$default_dataroot"),
  storage_name: text.default(""),
  max_batches: limit.default(-1),
  /** The three below are for drawn data sets. */
  train_size: positive.optional(),
  test_size: positive.optional(),
  seed: count.optional(),
});

export const loader = z.strictObject({
  train_batch: positive,
  test_batch: positive.default(1024),
  load_train: flag.default(true),
  load_test: flag.default(true),
  val_ratio: share.default(0),
  val_fold: count.default(0),
  cv_num: positive.default(5),
  aug: text.nullable().default(""),
  cutout: count.default(0),
  train_workers: count.nullable().default(4),
  test_workers: count.nullable().default(4),
  apex: apex.prefault({}),
  dataset,
  /** Stands in Archai's confs for large images beside train_batch; nothing reads it. */
  batch: positive.optional(),
});
