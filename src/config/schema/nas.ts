import { z } from "zod";
import { checkpoint } from "./common.ts";
import { dataset, loader } from "./data.ts";
import { archTrainer, trainer } from "./train.ts";
import { amount, count, flag, positive, text } from "./values.ts";

export const modelDesc = z.strictObject({
  n_cells: positive,
  n_reductions: count,
  cell: z.strictObject({
    n_nodes: positive,
    cell_post_op: text,
    /** Gumbel softmax: samples drawn per node. */
    gs: z.strictObject({ num_sample: positive }).optional(),
  }),
  max_final_edges: positive.default(2),
  /** Random search and Petridish: inputs of a node. */
  num_edges_to_sample: positive.optional(),
  model_stems: z.strictObject({
    ops: z.array(text).length(2),
    init_node_ch: positive,
    stem_multiplier: positive,
  }),
  model_post_op: text,
  aux_weight: amount.default(0),
  aux_tower_stride: positive.default(3),
  dataset,
  /** Settings of one builder, such as NASBench-101's cell_matrix; the builder knows its own keys. */
  params: z.record(z.string(), z.unknown()).default({}),
  /** Ours: true takes a doubled channel count for a halved image when cell inputs are adapted, as the reference does. */
  reference_quirks: flag.optional(),
});

export type ModelDescConf = z.infer<typeof modelDesc>;

const phase = {
  final_desc_filename: text.default("$expdir/final_model_desc.yaml"),
  full_desc_filename: text.default("$expdir/full_model_desc.yaml"),
  final_desc_foldername: text.default("$expdir/model_desc_gallery"),
  data_parallel: flag.default(false),
  resume: flag.default(false),
  checkpoint: checkpoint.default(null),
  model_desc: modelDesc,
  loader,
};

export const evaluation = z.strictObject({
  ...phase,
  metric_filename: text.default("$expdir/eval_train_metrics.yaml"),
  model_filename: text.default("$expdir/model.pt"),
  model_factory_spec: text.default(""),
  trainer,
  petridish: z.strictObject({ cell_count_scale: amount.default(1) }).prefault({}),
});

const extraTraining = z.strictObject({ trainer, loader });

export const search = z.strictObject({
  ...phase,
  finalizer: z.enum(["default", "random", "mi", "mi_ranked"]).default("default"),
  metrics_dir: text.default("$expdir/models/{reductions}/{cells}/{nodes}/{search_iter}"),
  search_iters: positive.default(1),
  pareto: z
    .strictObject({
      enabled: flag.default(false),
      max_cells: positive.default(8),
      max_reductions: count.default(2),
      max_nodes: positive.default(4),
      summary_filename: text.default("$expdir/perito.tsv"),
      /** Ours: what the Pareto set is to be low in, beside being accurate; names separated by commas. */
      costs: text.default("macs"),
    })
    .prefault({}),
  trainer: archTrainer,
  seed_train: extraTraining.optional(),
  post_train: extraTraining
    .extend({
      /** Ours: leave it out where nothing is chosen by its result. */
      skip_unless_compared: flag.default(false),
    })
    .optional(),
  /** Ours: how many architectures random search draws and evaluates. */
  random: z.strictObject({ seeds: positive.default(1) }).optional(),
  petridish: z
    .strictObject({
      convex_hull_eps: amount.default(0.025),
      max_madd: amount.default(200_000_000),
      max_hull_points: positive.default(100),
      checkpoints_foldername: text.default("$expdir/petridish_search_checkpoints"),
      sampling_max_try: positive.default(1),
    })
    .prefault({}),
  /** Ours: temperature of Gumbel-softmax samples in the first and the last epoch; without the second it stays. */
  gs: z.strictObject({ temperature: amount.gt(0).default(1), min_temperature: amount.gt(0).optional() }).optional(),
  xnas: z.strictObject({ to_evict: flag.default(false) }).optional(),
  divnas: z
    .strictObject({ sigma: amount.default(168), archtrainer: z.enum(["bilevel", "noalpha"]).default("bilevel") })
    .optional(),
});
