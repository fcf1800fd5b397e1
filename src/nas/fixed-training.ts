import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import type { RunRecord } from "../train/metrics.ts";
import { Network } from "../train/network.ts";
import type { Environment } from "./environment.ts";
import { evaluationFeeds, type LoaderConf } from "./feeds.ts";
import { trainRun } from "./train-run.ts";

export interface FixedTrainingParts {
  readonly environment: Environment;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  readonly loader: LoaderConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
  /** Sections around this run in the log. */
  readonly path: string;
}

export interface FixedTraining {
  readonly run: RunRecord;
  readonly params: readonly ParamSpec[];
  /** Weights and running statistics after the last epoch. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** Trains a network without alphas from scratch and tests it as it goes: evaluation, and the end of a search. */
export async function trainFixed(desc: ModelDesc, parts: FixedTrainingParts): Promise<FixedTraining> {
  const { environment, trainer, loader, dataset, seed, logger, path } = parts;
  const { engine } = environment;
  const feeds = evaluationFeeds({ engine, dataset, loader, chunks: trainer.batch_chunks, seed });
  const { height, width } = dataset;
  const dropPath = trainer.drop_path_prob > 0 ? ("sampled" as const) : ("none" as const);
  let network: Network | undefined;
  try {
    network = new Network(engine, desc, { batch: feeds.train.samples, height, width, affine: true, dropPath });
    network.initialise(seed);
    const run = await trainRun({
      environment,
      logger,
      title: trainer.title,
      path: `${path}/${trainer.title}`,
      loggerFreq: trainer.logger_freq,
      feeds,
      parts: { network, conf: trainer, seed },
    });
    return { run, params: network.params, values: await network.save() };
  } finally {
    network?.dispose();
    feeds.dispose();
  }
}
