import type { DatasetFacts } from "./types.ts";

/** Images of a toy run: of a search, both halves together, and of an evaluation. */
const TOY_SEARCH_IMAGES = 256;
const TOY_EVAL_IMAGES = 1024;
/** Steps of a toy run's passes together; as on the embedded data set. */
const TOY_SEARCH_STEPS = 16;
const TOY_EVAL_STEPS = 96;

export interface OwnConfOptions {
  /** The paper's settings instead of toy ones. */
  readonly full?: boolean;
  /** The folder of `<name>.supernet`; default the conf's own `$default_dataroot`. */
  readonly dataroot?: string;
}

/**
 * The conf of an imported data set in YAML: laid over an algorithm's conf (its toy conf without `full`), it searches and
 * evaluates on that data set. Batches are small enough for the images to fill some of them, and few images are seen more
 * often.
 */
export function ownDatasetConf(facts: DatasetFacts, { full = false, dataroot }: OwnConfOptions = {}): string {
  const images = facts.train.reduce((sum, count) => sum + count, 0);
  return [
    ...datasetSection(facts, dataroot),
    "",
    "nas:",
    ...(full ? fullSettings(facts, images) : toySettings(facts, images)),
    "",
  ].join("\n");
}

function datasetSection({ name, classes, channels }: DatasetFacts, dataroot = "$default_dataroot"): string[] {
  return [
    `# Imported images: ${name}.supernet below dataroot.`,
    "dataset:",
    `  name: ${JSON.stringify(name)}`,
    `  n_classes: ${classes.length}`,
    `  channels: ${channels}`,
    `  dataroot: ${JSON.stringify(dataroot)}`,
    "  max_batches: -1",
    '  storage_name: ""',
    "dataset_eval:",
    `  dataroot: ${JSON.stringify(dataroot)}`,
  ];
}

/** The aux tower of the paper's networks is made for images of 32x32, which it sees after two reductions. */
const AUX_SIZE = 32;

function fullSettings({ size }: DatasetFacts, images: number): string[] {
  const aux = size === AUX_SIZE ? [] : ["    model_desc:", "      aux_weight: 0.0 # made for 32x32 images"];
  return [
    "  search:",
    "    loader:",
    `      train_batch: ${batchThatFills(images / 2, 64)}`,
    "  eval:",
    ...aux,
    "    loader:",
    `      train_batch: ${batchThatFills(images, 96)}`,
    `      cutout: ${cutoutOf(size)} # half of a side`,
  ];
}

function toySettings({ classes }: DatasetFacts, images: number): string[] {
  // A class that a batch never sees is not learned: many classes need more images.
  const searched = Math.min(images, Math.max(TOY_SEARCH_IMAGES, 8 * classes.length));
  const trained = Math.min(images, Math.max(TOY_EVAL_IMAGES, 16 * classes.length));
  const searchBatch = batchThatFills(searched / 2, 16);
  const evalBatch = batchThatFills(trained, 32);
  const searchSteps = Math.floor(searched / 2 / searchBatch);
  const evalSteps = Math.floor(trained / evalBatch);
  const maxBatches = Math.floor(searched / searchBatch);
  const short = [
    "      loader:",
    `        train_batch: ${searchBatch}`,
    "        dataset:",
    `          max_batches: ${maxBatches}`,
  ];
  return [
    "  search:",
    "    # The same images as in the search: what validates networks must not have trained their alphas or their ancestors.",
    "    seed_train:",
    ...short,
    "    post_train:",
    "      skip_unless_compared: True # where nothing is chosen by it, what it trains is thrown away",
    ...short,
    "    model_desc:",
    "      model_stems:",
    "        init_node_ch: 4",
    "        stem_multiplier: 3",
    "    loader:",
    `      train_batch: ${searchBatch}`,
    "      dataset:",
    `        max_batches: ${maxBatches} # divided between weights and alphas by val_ratio`,
    "    trainer:",
    `      epochs: ${Math.min(10, Math.max(2, Math.ceil(TOY_SEARCH_STEPS / searchSteps)))}`,
    "      alpha_optimizer:",
    "        lr: 0.01 # few steps, so large ones",
    "  eval:",
    "    model_desc:",
    "      n_cells: 3",
    "      n_reductions: 1",
    "      aux_weight: 0.0 # meant for deep networks",
    "      model_stems:",
    "        init_node_ch: 8",
    "    loader:",
    `      train_batch: ${evalBatch}`,
    "      cutout: 0 # meant for hundreds of epochs, as is drop path",
    "      val_ratio: 0.0",
    "      dataset:",
    `        max_batches: ${Math.max(evalSteps, Math.ceil(TOY_EVAL_IMAGES / 32))}`,
    "    trainer:",
    `      epochs: ${Math.min(20, Math.max(3, Math.ceil(TOY_EVAL_STEPS / evalSteps)))}`,
    "      aux_weight: 0.0",
    "      drop_path_prob: 0.0",
    "      optimizer:",
    "        lr: 0.1 # likewise",
  ];
}

/** The largest of `most`, its half, its quarter, … that the images fill four times; at least 4, for batch norm. */
function batchThatFills(images: number, most: number): number {
  let batch = most;
  while (batch > 4 && images / batch < 4) batch = Math.max(4, Math.floor(batch / 2));
  return batch;
}

function cutoutOf(size: number): number {
  return Math.floor(size / 4) * 2;
}
