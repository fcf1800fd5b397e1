import type { ModelDesc } from "../desc/model-desc.ts";
import { HostFeed } from "../train/fallback/feed.ts";
import { FallbackNetwork } from "../train/fallback/network.ts";
import { FallbackTrainer } from "../train/fallback/trainer.ts";
import type { NetworkShape } from "../train/graphs.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { ArchTrainerParts, ArchTraining } from "./arch-trainer.ts";
import type { Environment } from "./environment.ts";
import {
  batchOf,
  evalDrawing,
  type ImagePlan,
  type RunFeeds,
  searchParts,
  testImages,
  trainDrawing,
  trainingParts,
} from "./feeds.ts";
import type { FixedTraining, FixedTrainingParts } from "./fixed-training.ts";
import { countWeights, logBest, logEpoch } from "./train-run.ts";

// Training without WebGPU, with the parts and results of `ArchTrainer` and `trainFixed`. This module loads TensorFlow.js:
// import it only where there is no WebGPU, after a backend is set (src/host/browser/tfjs.ts).

/** What training tells and is told; no engine. */
export type FallbackEnvironment = Pick<Environment, "onProgress" | "signal"> & {
  /** Awaited after each step, so that a run can be held. */
  readonly onStep?: ((step: number) => Promise<void> | undefined) | undefined;
};

type Without<Parts> = Omit<Parts, "environment"> & { readonly environment: FallbackEnvironment };

/**
 * Trains a supernet's weights and alphas, as `ArchTrainer.fit` does.
 * @throws SupernetError("config" or "data") on impossible settings; the signal's reason when aborted
 */
export async function trainSupernetFallback(desc: ModelDesc, parts: Without<ArchTrainerParts>): Promise<ArchTraining> {
  const { conf, dataset, seed, algorithm } = parts;
  const { trainer, loader } = conf;
  const plan = { dataset, loader, chunks: trainer.batch_chunks, seed };
  const images = searchParts(plan);
  const batch = batchOf(plan, Math.min(images.train.length, images.val.length));
  const split = dataset.train;
  const feeds = {
    train: new HostFeed({ split, ...trainDrawing(plan, images.train, batch, "train") }),
    // An algorithm without a hook moves no alphas.
    alphas: algorithm.hook && new HostFeed({ split, ...trainDrawing(plan, images.val, batch, "validation") }),
    validation: new HostFeed({ split, ...evalDrawing(plan, images.val, batch) }),
    sizes: { train: images.train.length, val: images.val.length, test: 0, batch },
  };
  const network = new FallbackNetwork(desc, shapeOf(plan, feeds, { affine: false, dropPath: "none" }), seed);
  try {
    const run = await trainRun(network, { ...parts, trainer, feeds, path: "arch_search" });
    return { alphas: await network.save(["alphas"]), run };
  } finally {
    network.dispose();
  }
}

/**
 * Trains a network without alphas from scratch, as `trainFixed` does.
 * @throws as `trainSupernetFallback`
 */
export async function trainFixedFallback(desc: ModelDesc, parts: Without<FixedTrainingParts>): Promise<FixedTraining> {
  const { trainer, loader, dataset, seed } = parts;
  const plan = { dataset, loader, chunks: trainer.batch_chunks, seed };
  const images = trainingParts(plan);
  const tests = testImages(plan);
  const batch = batchOf(plan, images.train.length);
  const feeds = {
    train: new HostFeed({ split: dataset.train, ...trainDrawing(plan, images.train, batch, "train") }),
    validation: new HostFeed({ split: dataset.test, ...evalDrawing(plan, tests, batch) }),
    sizes: { train: images.train.length, val: images.val.length, test: tests.length, batch },
  };
  const dropPath = trainer.drop_path_prob > 0 ? ("sampled" as const) : ("none" as const);
  const network = new FallbackNetwork(desc, shapeOf(plan, feeds, { affine: true, dropPath }), seed);
  try {
    const run = await trainRun(network, { ...parts, feeds });
    return { run, params: network.params, values: await network.save() };
  } finally {
    network.dispose();
  }
}

interface HostFeeds {
  readonly train: HostFeed;
  readonly alphas?: HostFeed | undefined;
  readonly validation: HostFeed;
  readonly sizes: RunFeeds["sizes"];
}

function shapeOf(
  { dataset: { height, width } }: ImagePlan,
  { train }: HostFeeds,
  rest: Pick<NetworkShape, "affine" | "dropPath">,
): NetworkShape {
  return { batch: train.samples, height, width, ...rest };
}

interface FallbackRun
  extends Without<Pick<FixedTrainingParts, "environment" | "trainer" | "seed" | "logger" | "path">> {
  readonly feeds: HostFeeds;
}

/** `trainRun` with the fallback's trainer. */
async function trainRun(network: FallbackNetwork, parts: FallbackRun): Promise<RunRecord> {
  const { environment, logger, trainer: conf, feeds, seed, path } = parts;
  const { title, logger_freq: loggerFreq } = conf;
  const { train, alphas, validation, sizes } = feeds;
  const startTime = Date.now() / 1000;
  logger.pushd(title);
  logger.info({ ...sizes, batch_chunks: train.chunks, parameters: countWeights(network.params), backend: "tfjs" });
  const trainer = new FallbackTrainer({
    network,
    conf,
    seed,
    train,
    alphas,
    validation,
    onStep: environment.onStep,
    onProgress: (progress) => environment.onProgress?.(title, progress),
    signal: environment.signal,
  });
  try {
    logger.pushd("epochs");
    const epochs = await trainer.fit(async (record, epoch) => {
      logEpoch(logger, record, epoch);
      await logger.flush();
    });
    logger.popd();
    logBest(logger, epochs);
    return { title, path: `${path}/${title}`, loggerFreq, startTime, endTime: Date.now() / 1000, epochs };
  } finally {
    trainer.dispose();
    logger.popd();
  }
}
