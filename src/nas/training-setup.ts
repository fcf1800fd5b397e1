import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { CandidateCovariances } from "../train/covariances.ts";
import { fixedShape, supernetShape } from "../train/graphs.ts";
import { startValues, type WarmStart } from "../train/initial-values.ts";
import { Network } from "../train/network.ts";
import { Trainer, type TrainerParts } from "../train/trainer.ts";
import { evaluationFeeds, type LoaderConf, type RunFeeds, searchFeeds, type ValidateOn, wholeOr } from "./feeds.ts";
import { drivesAlphas, type SearchConf, type SearchMethod } from "./search-method.ts";
import type { TrainingControl } from "./training-control.ts";

/** A network and its data on a device, ready for a `Trainer`; whoever has it disposes it. */
export interface TrainingSetup {
  readonly network: Network;
  readonly feeds: RunFeeds;
  /** All that makes a trainer but its feeds and whom it tells. */
  readonly parts: Omit<TrainerParts, "train" | "validation" | keyof Told>;
  /** What the finalizer of a search asks for beside alphas. */
  readonly covariances?: CandidateCovariances;
  dispose(): void;
}

/** What a training is set up with, whatever it trains. */
export interface SetupContext extends Pick<TrainingControl, "signal" | "gate"> {
  readonly engine: Engine;
}

export interface SearchSetup extends SetupContext {
  readonly method: SearchMethod;
  readonly conf: SearchConf;
  /** Parts of a batch; default what the conf says. */
  readonly chunks?: number;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly start?: WarmStart | undefined;
}

/**
 * A supernet to be trained with its alphas.
 * @throws SupernetError "config" or "data" on impossible settings, "device" when it does not fit
 */
export function setUpSearch(desc: ModelDesc, setup: SearchSetup): TrainingSetup {
  const { engine, method, conf, dataset, seed, start, signal, gate } = setup;
  const { loader } = conf;
  const { chunks = wholeOr(conf.trainer) } = setup;
  const trainer = { ...conf.trainer, batch_chunks: chunks };
  const asked = method.finalizer(conf, seed).covariances;
  return engine.buffers.attempt(() => {
    const alphasApart = drivesAlphas(method, conf);
    const images = { dataset, loader, chunks, seed };
    const feeds = searchFeeds({ engine, ...images, alphasApart, statistics: asked !== undefined });
    const shape = supernetShape(feeds.train, dataset, method.mixtures?.(conf), method.affine);
    const network = new Network(engine, desc, shape);
    network.load(startValues(network.params, seed, start));
    const hook = feeds.alphas && method.hook?.(conf, feeds.alphas);
    const parts = {
      network,
      conf: trainer,
      seed,
      trained: method.optimizers(conf),
      hook,
      temperature: method.temperature?.(conf),
    };
    const covariances =
      asked &&
      feeds.statistics &&
      new CandidateCovariances({ ...asked, network, feed: feeds.statistics, signal, gate });
    const dispose = () => {
      covariances?.dispose();
      disposeBoth(network, feeds);
    };
    return { network, feeds, parts, ...(covariances && { covariances }), dispose };
  });
}

export interface FixedSetup {
  readonly engine: Engine;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  /** As of `SearchSetup`. */
  readonly chunks?: number;
  readonly loader: LoaderConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly start?: WarmStart | undefined;
  readonly validateOn?: ValidateOn | undefined;
}

/**
 * A network without alphas to be trained.
 * @throws as `setUpSearch`
 */
export function setUpFixed(desc: NetworkDesc, setup: FixedSetup): TrainingSetup {
  const { engine, loader, dataset, seed, start, validateOn } = setup;
  const { chunks = wholeOr(setup.trainer) } = setup;
  const trainer = { ...setup.trainer, batch_chunks: chunks };
  return engine.buffers.attempt(() => {
    const feeds = evaluationFeeds({ engine, dataset, loader, chunks, seed }, validateOn);
    const network = new Network(engine, desc, fixedShape(feeds.train, dataset, trainer));
    network.load(startValues(network.params, seed, start));
    const parts = { network, conf: trainer, seed };
    return { network, feeds, parts, dispose: () => disposeBoth(network, feeds) };
  });
}

/**
 * The trainer of what was set up, with everything prepared that will run during and after the training.
 * @throws as `Trainer.create`
 */
export async function createTrainer({ feeds, parts, covariances }: TrainingSetup, more: Told = {}): Promise<Trainer> {
  const trainer = await Trainer.create({ ...parts, train: feeds.train, validation: feeds.validation, ...more });
  try {
    await covariances?.prepare();
    return trainer;
  } catch (error) {
    trainer.dispose();
    throw error;
  }
}

type Told = Pick<TrainerParts, "onProgress" | "snapshots" | "signal" | "gate">;

function disposeBoth(network: Network, feeds: RunFeeds): void {
  network.dispose();
  feeds.dispose();
}
