import type { ExperimentConf } from "../config/index.ts";
import { evalAugmentation, trainAugmentation } from "../data/augment.ts";
import type { Dataset } from "../data/dataset.ts";
import { batchFor, evalPass, trainPass } from "../data/sampler.ts";
import { limitImages, maxSamples, splitTrainVal, type TrainVal } from "../data/split.ts";
import { SupernetError } from "../errors.ts";
import { STREAMS } from "../random/streams.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import type { Drawing, Feed } from "../train/feed.ts";
import { ResidentFeed, ResidentSplit } from "../train/resident-feed.ts";

export type LoaderConf = ExperimentConf["nas"]["search"]["loader"];

/** Chunks of a batch as the conf says; a batch is whole where they are to be found. */
export const wholeOr = ({ batch_chunks }: { readonly batch_chunks: number | "auto" }): number =>
  batch_chunks === "auto" ? 1 : batch_chunks;

/** Which images a run uses, and in which order. */
export interface ImagePlan {
  readonly dataset: Dataset;
  readonly loader: LoaderConf;
  readonly chunks: number;
  readonly seed: number;
}

/** What the feeds of a run draw, whatever runs it. */
export interface RunPlan {
  readonly train: Drawing;
  /** What is validated on. */
  readonly validation: Drawing;
  /** Images of each part, and images a training batch; for the log. */
  readonly sizes: { readonly train: number; readonly val: number; readonly test: number; readonly batch: number };
}

export interface SearchImages extends ImagePlan {
  /** Whether alphas are driven by batches of their own, apart from those that train the weights. */
  readonly alphasApart: boolean;
  /** Whether the network is looked at on the images that train it. */
  readonly statistics?: boolean;
}

/** What the feeds of a search draw. */
export interface SearchPlan extends Omit<RunPlan, "validation"> {
  /** Cut as the training batches are; undefined unless the alphas are driven apart. */
  readonly alphas: Drawing | undefined;
  /** Undefined where `val_ratio` keeps nothing to validate on. */
  readonly validation: Drawing | undefined;
  /** The images that train, each once and as it is; undefined unless the network is looked at on them. */
  readonly statistics: Drawing | undefined;
}

export interface FeedSettings extends ImagePlan {
  readonly engine: Engine;
}

/** The feeds of a training run; disposing it frees them and the images. */
export interface RunFeeds extends Pick<RunPlan, "sizes"> {
  readonly train: Feed;
  readonly validation: Feed | undefined;
  dispose(): void;
}

export interface SearchFeeds extends RunFeeds {
  /** Undefined unless the alphas are driven apart. */
  readonly alphas: Feed | undefined;
  /** Undefined unless the network is looked at on the images that train it. */
  readonly statistics: Feed | undefined;
}

export interface EvaluationFeeds extends RunFeeds {
  readonly validation: Feed;
}

/**
 * A search: one part of the training images trains the weights, the other drives the alphas if they are driven apart, and is
 * validated on.
 * @throws SupernetError("config" or "data") on impossible settings
 */
export function searchPlan(plan: SearchImages): SearchPlan {
  const { train, val } = trainingParts(plan);
  const { alphasApart } = plan;
  if (alphasApart && val.length === 0) {
    throw new SupernetError(
      "config",
      "a search needs images that drive the alphas; set nas.search.loader.val_ratio above 0",
    );
  }
  const batch = batchOf(plan, alphasApart ? Math.min(train.length, val.length) : train.length);
  return {
    train: trainDrawing(plan, train, batch, "train"),
    alphas: alphasApart ? trainDrawing(plan, val, batch, "validation") : undefined,
    validation: val.length > 0 ? evalDrawing(plan, val, batch) : undefined,
    statistics: plan.statistics ? evalDrawing(plan, train, batch) : undefined,
    sizes: { train: train.length, val: val.length, test: 0, batch },
  };
}

/**
 * Images that a network is validated on: the test set, or the part of the training images that `val_ratio` keeps back, where
 * something is chosen by the result.
 */
export type ValidateOn = "test" | "kept back";

/**
 * A training from scratch: the training part trains (all images unless `val_ratio` takes some).
 * @throws as `searchPlan`
 */
export function evaluationPlan(plan: ImagePlan, on: ValidateOn = "test"): RunPlan {
  const { train, val } = trainingParts(plan);
  const tests = on === "test" ? testImages(plan) : new Uint32Array(0);
  if (on === "kept back" && val.length === 0) {
    throw new SupernetError("config", "no images are kept back to validate on; set the loader's val_ratio above 0");
  }
  const batch = batchOf(plan, train.length);
  return {
    train: trainDrawing(plan, train, batch, "train"),
    validation: evalDrawing(plan, on === "test" ? tests : val, batch),
    sizes: { train: train.length, val: val.length, test: tests.length, batch },
  };
}

/**
 * The feeds of `searchPlan`.
 * @throws as that, and SupernetError("device") when the images do not fit
 */
export function searchFeeds(settings: FeedSettings & SearchImages): SearchFeeds {
  return settings.engine.buffers.attempt(() => makeSearchFeeds(settings));
}

function makeSearchFeeds(settings: FeedSettings & SearchImages): SearchFeeds {
  const { engine, dataset } = settings;
  const plan = searchPlan(settings);
  const split = new ResidentSplit(engine, dataset.train);
  const feed = (drawing: Drawing) => new ResidentFeed(engine, { split, ...drawing });
  const train = feed(plan.train);
  const alphas = plan.alphas && feed(plan.alphas);
  const validation = plan.validation && feed(plan.validation);
  const statistics = plan.statistics && feed(plan.statistics);
  const owned = [train, alphas, validation, statistics, split].filter((one) => one !== undefined);
  return { train, alphas, validation, statistics, sizes: plan.sizes, dispose: () => disposeAll(owned) };
}

/**
 * The feeds of `evaluationPlan`.
 * @throws as `searchFeeds`
 */
export function evaluationFeeds(settings: FeedSettings, on: ValidateOn = "test"): EvaluationFeeds {
  return settings.engine.buffers.attempt(() => makeEvaluationFeeds(settings, on));
}

function makeEvaluationFeeds(settings: FeedSettings, on: ValidateOn): EvaluationFeeds {
  const { engine, dataset } = settings;
  const plan = evaluationPlan(settings, on);
  const trainSplit = new ResidentSplit(engine, dataset.train);
  const validationSplit = on === "test" ? new ResidentSplit(engine, dataset.test) : trainSplit;
  const train = new ResidentFeed(engine, { split: trainSplit, ...plan.train });
  const validation = new ResidentFeed(engine, { split: validationSplit, ...plan.validation });
  const dispose = () => disposeAll([train, validation, ...new Set([trainSplit, validationSplit])]);
  return { train, validation, sizes: plan.sizes, dispose };
}

/** Images that test. */
function testImages({ dataset, loader, seed }: ImagePlan): Uint32Array {
  return limitImages(dataset.test.labels, maxSamples(loader.dataset.max_batches, loader.test_batch), seed);
}

/** Images that train, and those that `val_ratio` takes from them. */
function trainingParts({ dataset, loader, seed }: ImagePlan): TrainVal {
  const max = maxSamples(loader.dataset.max_batches, loader.train_batch);
  return splitTrainVal(dataset.train.labels, { valRatio: loader.val_ratio, max, seed });
}

/**
 * Images a batch.
 * @throws SupernetError("config") when it does not divide into the chunks
 */
function batchOf({ loader, chunks }: ImagePlan, images: number): number {
  const batch = batchFor(images, loader.train_batch, "training");
  if (batch % chunks !== 0) {
    throw new SupernetError(
      "config",
      `a batch of ${batch} images does not divide into trainer.batch_chunks ${chunks}; change loader.train_batch or batch_chunks`,
    );
  }
  return batch;
}

/** How a training feed draws `images`: shuffled, augmented, in chunks. */
function trainDrawing(
  { dataset, loader, chunks, seed }: ImagePlan,
  images: Uint32Array,
  batch: number,
  purpose: "train" | "validation",
): Drawing {
  const stream = purpose === "train" ? STREAMS.shuffle : STREAMS.shuffleVal;
  const augmentation = trainAugmentation(dataset, loader.cutout, purpose);
  const passOf = (epoch: number) => trainPass(images, batch, { seed, stream, epoch });
  return { augmentation, batch, chunks, passOf };
}

/**
 * How a feed visits each of `images` once, as they are. What an evaluation yields does not depend on its batch, so it never
 * needs more memory than training does.
 */
function evalDrawing({ dataset, loader, chunks }: ImagePlan, images: Uint32Array, trainBatch: number): Drawing {
  const batch = Math.min(trainBatch / chunks, batchFor(images.length, loader.test_batch, "test"));
  const pass = evalPass(images, batch);
  return { augmentation: evalAugmentation(dataset), batch, chunks: 1, passOf: () => pass };
}

function disposeAll(owned: readonly { dispose(): void }[]): void {
  for (const one of owned) one.dispose();
}
