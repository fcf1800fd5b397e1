import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { fixedShape, supernetShape } from "../train/graphs.ts";
import { startValues, type WarmStart } from "../train/initial-values.ts";
import { Network } from "../train/network.ts";
import type { TrainerParts } from "../train/trainer.ts";
import type { SearchConf, SearchMethod } from "./algorithm.ts";
import { evaluationFeeds, type LoaderConf, type RunFeeds, searchFeeds, type ValidateOn } from "./feeds.ts";

/** A network and its data on a device, ready for a `Trainer`; whoever has it disposes it. */
export interface TrainingSetup {
  readonly network: Network;
  readonly feeds: RunFeeds;
  /** All that makes a trainer but its feeds and whom it tells. */
  readonly parts: Omit<TrainerParts, "train" | "validation" | "onProgress" | "signal">;
  dispose(): void;
}

export interface SearchSetup {
  readonly engine: Engine;
  readonly method: SearchMethod;
  readonly conf: SearchConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly start?: WarmStart | undefined;
}

/**
 * A supernet to be trained with its alphas.
 * @throws SupernetError "config" or "data" on impossible settings, "device" when it does not fit
 */
export function setUpSearch(desc: ModelDesc, setup: SearchSetup): TrainingSetup {
  const { engine, method, conf, dataset, seed, start } = setup;
  const { trainer, loader } = conf;
  return engine.buffers.attempt(() => {
    const alphasApart = method.hook !== undefined;
    const feeds = searchFeeds({ engine, dataset, loader, chunks: trainer.batch_chunks, seed, alphasApart });
    const shape = supernetShape(feeds.train, dataset, method.mixtures?.(conf), method.affine);
    const network = new Network(engine, desc, shape);
    network.load(startValues(network.params, seed, start));
    const hook = feeds.alphas && method.hook?.(conf, feeds.alphas);
    const parts = { network, conf: trainer, seed, trained: method.optimizers(conf), hook };
    return { network, feeds, parts, dispose: () => disposeBoth(network, feeds) };
  });
}

export interface FixedSetup {
  readonly engine: Engine;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
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
export function setUpFixed(desc: ModelDesc, setup: FixedSetup): TrainingSetup {
  const { engine, trainer, loader, dataset, seed, start, validateOn } = setup;
  return engine.buffers.attempt(() => {
    const feeds = evaluationFeeds({ engine, dataset, loader, chunks: trainer.batch_chunks, seed }, validateOn);
    const network = new Network(engine, desc, fixedShape(feeds.train, dataset, trainer));
    network.load(startValues(network.params, seed, start));
    const parts = { network, conf: trainer, seed };
    return { network, feeds, parts, dispose: () => disposeBoth(network, feeds) };
  });
}

function disposeBoth(network: Network, feeds: RunFeeds): void {
  network.dispose();
  feeds.dispose();
}
