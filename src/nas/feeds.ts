import type { ExperimentConf } from "../config/index.ts";
import { evalAugmentation, trainAugmentation } from "../data/augment.ts";
import type { Dataset } from "../data/dataset.ts";
import { batchFor, evalPass, trainPass } from "../data/sampler.ts";
import { limitImages, maxSamples, splitTrainVal, type TrainVal } from "../data/split.ts";
import { SupernetError } from "../errors.ts";
import { STREAMS } from "../random/streams.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import type { Feed } from "../train/feed.ts";
import { ResidentFeed, ResidentSplit } from "../train/resident-feed.ts";

export type LoaderConf = ExperimentConf["nas"]["search"]["loader"];

/** Which images a run uses, and in which order. */
export interface ImagePlan {
  readonly dataset: Dataset;
  readonly loader: LoaderConf;
  readonly chunks: number;
  readonly seed: number;
}

export interface FeedSettings extends ImagePlan {
  readonly engine: Engine;
}

/** The feeds of a training run; disposing it frees them and the images. */
export interface RunFeeds {
  readonly train: Feed;
  /** What is validated on: the validation part in a search, the test set in an evaluation. */
  readonly validation: Feed;
  /** Images of each part, and images a training batch; for the log. */
  readonly sizes: { readonly train: number; readonly val: number; readonly test: number; readonly batch: number };
  dispose(): void;
}

/**
 * A search: one part of the training images trains the weights, the other drives the alphas and is validated on.
 * @throws SupernetError("config" or "data") on impossible settings, SupernetError("device") when the images do not fit
 */
export function searchFeeds(settings: FeedSettings): RunFeeds & { readonly alphas: Feed } {
  return settings.engine.buffers.attempt(() => makeSearchFeeds(settings));
}

function makeSearchFeeds(settings: FeedSettings): RunFeeds & { readonly alphas: Feed } {
  const { engine, dataset } = settings;
  const parts = searchParts(settings);
  const split = new ResidentSplit(engine, dataset.train);
  const batch = batchOf(settings, Math.min(parts.train.length, parts.val.length));
  const train = trainFeed(settings, split, parts.train, batch, "train");
  const alphas = trainFeed(settings, split, parts.val, batch, "validation");
  const validation = evalFeed(settings, split, parts.val, batch);
  return {
    train,
    alphas,
    validation,
    sizes: { train: parts.train.length, val: parts.val.length, test: 0, batch },
    dispose: () => disposeAll([train, alphas, validation, split]),
  };
}

/**
 * `trainingParts` of a search.
 * @throws SupernetError("config") when there is nothing to drive the alphas with
 */
export function searchParts(plan: ImagePlan): TrainVal {
  const parts = trainingParts(plan);
  if (parts.val.length > 0) return parts;
  throw new SupernetError(
    "config",
    "a search needs images that drive the alphas; set nas.search.loader.val_ratio above 0",
  );
}

/**
 * An evaluation: the training part trains (all images unless `val_ratio` takes some), the test images test.
 * @throws as `searchFeeds`
 */
export function evaluationFeeds(settings: FeedSettings): RunFeeds {
  return settings.engine.buffers.attempt(() => makeEvaluationFeeds(settings));
}

function makeEvaluationFeeds(settings: FeedSettings): RunFeeds {
  const { engine, dataset } = settings;
  const parts = trainingParts(settings);
  const tests = testImages(settings);
  const trainSplit = new ResidentSplit(engine, dataset.train);
  const testSplit = new ResidentSplit(engine, dataset.test);
  const batch = batchOf(settings, parts.train.length);
  const train = trainFeed(settings, trainSplit, parts.train, batch, "train");
  const validation = evalFeed(settings, testSplit, tests, batch);
  return {
    train,
    validation,
    sizes: { train: parts.train.length, val: parts.val.length, test: tests.length, batch },
    dispose: () => disposeAll([train, validation, trainSplit, testSplit]),
  };
}

/** Images that test. */
export function testImages({ dataset, loader, seed }: ImagePlan): Uint32Array {
  return limitImages(dataset.test.labels, maxSamples(loader.dataset.max_batches, loader.test_batch), seed);
}

/** Images that train, and those that `val_ratio` takes from them. */
export function trainingParts({ dataset, loader, seed }: ImagePlan): TrainVal {
  const max = maxSamples(loader.dataset.max_batches, loader.train_batch);
  return splitTrainVal(dataset.train.labels, { valRatio: loader.val_ratio, max, seed });
}

/**
 * Images a batch.
 * @throws SupernetError("config") when it does not divide into the chunks
 */
export function batchOf({ loader, chunks }: ImagePlan, images: number): number {
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
export function trainDrawing(
  { dataset, loader, chunks, seed }: ImagePlan,
  images: Uint32Array,
  batch: number,
  purpose: "train" | "validation",
) {
  const stream = purpose === "train" ? STREAMS.shuffle : STREAMS.shuffleVal;
  const augmentation = trainAugmentation(dataset, loader.cutout, purpose);
  const passOf = (epoch: number) => trainPass(images, batch, { seed, stream, epoch });
  return { augmentation, batch, chunks, passOf };
}

/**
 * How a feed visits each of `images` once, as they are. What an evaluation yields does not depend on its batch, so it never
 * needs more memory than training does.
 */
export function evalDrawing({ dataset, loader, chunks }: ImagePlan, images: Uint32Array, trainBatch: number) {
  const batch = Math.min(trainBatch / chunks, batchFor(images.length, loader.test_batch, "test"));
  const pass = evalPass(images, batch);
  return { augmentation: evalAugmentation(dataset), batch, chunks: 1, passOf: () => pass };
}

function trainFeed(
  settings: FeedSettings,
  split: ResidentSplit,
  images: Uint32Array,
  batch: number,
  purpose: "train" | "validation",
): Feed {
  return new ResidentFeed(settings.engine, { split, ...trainDrawing(settings, images, batch, purpose) });
}

function evalFeed(settings: FeedSettings, split: ResidentSplit, images: Uint32Array, trainBatch: number): Feed {
  return new ResidentFeed(settings.engine, { split, ...evalDrawing(settings, images, trainBatch) });
}

function disposeAll(owned: readonly { dispose(): void }[]): void {
  for (const one of owned) one.dispose();
}
