import { z } from "zod";
import { common } from "./common.ts";
import { dataset, loader } from "./data.ts";
import { evaluation, search } from "./nas.ts";
import { lrSchedule, optimizer } from "./train.ts";
import { count, positive, text } from "./values.ts";

/** Search for augmentation policies; checked for Archai's sake, used by nothing here. */
const autoaug = z.strictObject({
  num_op: count.optional(),
  num_policy: count.optional(),
  num_search: count.optional(),
  num_result_per_cv: count.optional(),
  loader: loader.extend({ epochs: positive.optional() }).partial().optional(),
  optimizer: optimizer.partial().optional(),
  lr_schedule: lrSchedule.optional(),
  model: z.strictObject({ type: text }).optional(),
});

/** A whole experiment: search and evaluation. */
export const experimentSchema = z.strictObject({
  __include__: z.union([text, z.array(text)]).optional(),
  common: common.prefault({}),
  dataset,
  dataset_eval: dataset.partial().optional(),
  nas: z.strictObject({ eval: evaluation, search }),
  autoaug: autoaug.optional(),
});

/** A checked experiment conf; keys that were left out have their defaults. */
export type ExperimentConf = z.infer<typeof experimentSchema>;
