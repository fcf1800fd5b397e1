import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { SupernetError } from "../errors.ts";
import { abortable } from "../train/abortable.ts";
import { HostFeed } from "../train/fallback/feed.ts";
import { FallbackNetwork } from "../train/fallback/network.ts";
import { FallbackTrainer, type FallbackTrainerParts } from "../train/fallback/trainer.ts";
import type { Drawing } from "../train/feed.ts";
import { fixedShape, supernetShape } from "../train/graphs.ts";
import { startValues } from "../train/initial-values.ts";
import type { RunRecord } from "../train/metrics.ts";
import { alphasOf } from "../train/parameters.ts";
import { FallbackClassifier } from "./fallback-classifier.ts";
import { evaluationPlan, type RunPlan, searchPlan, wholeOr } from "./feeds.ts";
import { inferenceCost } from "./inference-cost.ts";
import { drivesAlphas } from "./search-method.ts";
import { trainRun } from "./train-run.ts";
import type { ArchTrainerParts, ArchTraining, FixedTraining, FixedTrainingParts, Trainers } from "./trainers.ts";

// Training without WebGPU, with the parts and results of `ArchTrainer` and `trainFixed`. This module loads TensorFlow.js:
// import it only where there is no WebGPU, after a backend is set (src/host/browser/tfjs.ts).

/** Trains on TensorFlow.js's current backend. */
export const fallbackTrainers: Trainers = {
  checkpoints: false,
  supernet: trainSupernetFallback,
  fixed: trainFixedFallback,
  // What TensorFlow.js keeps in textures while it computes, it does not tell.
  inferenceCost: (parts, control) => inferenceCost(parts, { control, open: async () => new FallbackClassifier(parts) }),
  facts: () => ({ backend: "tfjs" }),
  tuning: () => undefined,
};

/**
 * Trains a supernet's weights and alphas, as `ArchTrainer` does.
 * @throws as `Trainers`
 */
export async function trainSupernetFallback(desc: ModelDesc, parts: ArchTrainerParts): Promise<ArchTraining> {
  const { conf, dataset, seed, start, method, onEpoch, control } = parts;
  const { trainer, loader } = conf;
  requireFallback(parts);
  const alphasApart = drivesAlphas(method, conf);
  const plan = searchPlan({ dataset, loader, chunks: wholeOr(trainer), seed, alphasApart });
  const feed = (drawing: Drawing) => new HostFeed({ split: dataset.train, ...drawing });
  const feeds = {
    train: feed(plan.train),
    alphas: plan.alphas && feed(plan.alphas),
    validation: plan.validation && feed(plan.validation),
    sizes: plan.sizes,
  };
  const network = new FallbackNetwork(
    desc,
    supernetShape(feeds.train, dataset, method.mixtures?.(conf), method.affine),
  );
  try {
    network.load(startValues(network.params, seed, start));
    const alphas = () => abortable(network.save(["alphas"]), control.signal);
    const run = await trainOnFallback(network, {
      ...parts,
      trainer,
      trained: method.optimizers(conf),
      temperature: method.temperature?.(conf),
      feeds,
      path: "arch_search",
      onEpoch: onEpoch && (async (epoch) => onEpoch(epoch, { alphas: await alphas() })),
    });
    const values = await abortable(network.save(), control.signal);
    return { alphas: alphasOf(network.params, values), run, params: network.params, values };
  } finally {
    network.dispose();
  }
}

/** @throws SupernetError("config") for a method or a finalizer that TensorFlow.js does not have */
function requireFallback({ method, conf, seed }: ArchTrainerParts): void {
  if (method.finalizer(conf, seed).covariances) {
    throw new SupernetError(
      "config",
      `without WebGPU there is no finalizer "${conf.finalizer}", which compares the candidates' results; ` +
        "set nas.search.finalizer to random (or default, where alphas are trained), or choose a browser with WebGPU",
    );
  }
  if (!method.hook || method.fallback === "bilevel") return;
  throw new SupernetError(
    "config",
    "without WebGPU only darts, didarts, gs, random and manual run; choose one of them, or a browser with WebGPU",
  );
}

/**
 * Trains a network without alphas from scratch, as `trainFixed` does.
 * @throws as `trainSupernetFallback`
 */
export async function trainFixedFallback(desc: NetworkDesc, parts: FixedTrainingParts): Promise<FixedTraining> {
  const { trainer, loader, dataset, seed, start, validateOn = "test" } = parts;
  const plan = evaluationPlan({ dataset, loader, chunks: wholeOr(trainer), seed }, validateOn);
  const feeds = {
    train: new HostFeed({ split: dataset.train, ...plan.train }),
    validation: new HostFeed({ split: validateOn === "test" ? dataset.test : dataset.train, ...plan.validation }),
    sizes: plan.sizes,
  };
  const network = new FallbackNetwork(desc, fixedShape(feeds.train, dataset, trainer));
  try {
    network.load(startValues(network.params, seed, start));
    const run = await trainOnFallback(network, { ...parts, feeds });
    return { run, params: network.params, values: await abortable(network.save(), parts.control.signal) };
  } finally {
    network.dispose();
  }
}

interface HostFeeds extends Pick<RunPlan, "sizes"> {
  readonly train: HostFeed;
  readonly alphas?: HostFeed | undefined;
  readonly validation: HostFeed | undefined;
}

interface FallbackRun
  extends Omit<FixedTrainingParts, "dataset" | "loader" | "section">,
    Pick<FallbackTrainerParts, "trained" | "temperature"> {
  readonly feeds: HostFeeds;
  /** Awaited after each epoch is logged. */
  readonly onEpoch?: ((epoch: number) => Promise<void>) | undefined;
}

/** `trainRun` with the fallback's trainer. */
function trainOnFallback(network: FallbackNetwork, parts: FallbackRun): Promise<RunRecord> {
  const { control, trainer, feeds, seed, trained, temperature, onEpoch, confusion } = parts;
  const { train, alphas, validation, sizes } = feeds;
  const conf = { ...trainer, batch_chunks: train.chunks };
  return trainRun(parts, async (run) => {
    run.begin(network.params, { ...sizes, batch_chunks: train.chunks, backend: "tfjs" });
    const training = new FallbackTrainer({
      network,
      conf,
      seed,
      train,
      alphas,
      validation,
      trained,
      temperature,
      onProgress: (progress) => control.onProgress?.(conf.title, progress),
      signal: control.signal,
      gate: control.gate,
    });
    try {
      const epochs = await training.fit(async (_record, epoch, all) => {
        await run.epochsDone(all);
        await onEpoch?.(epoch);
      });
      return run.end(epochs, confusion ? await training.confusion() : undefined);
    } finally {
      training.dispose();
    }
  });
}
