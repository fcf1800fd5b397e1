import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { Environment } from "./environment.ts";
import type { LoaderConf } from "./feeds.ts";
import { trainRun } from "./train-run.ts";
import { setUpFixed } from "./training-setup.ts";

export interface FixedTrainingParts {
  readonly environment: Environment;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  readonly loader: LoaderConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
  /** Sections around this run in the log. */
  readonly path: string;
  /** Count how the test images are classified in the end. */
  readonly confusion?: boolean;
}

export interface FixedTraining {
  readonly run: RunRecord;
  readonly params: readonly ParamSpec[];
  /** Weights and running statistics after the last epoch. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

/** Trains a network without alphas from scratch and tests it as it goes: evaluation, and the end of a search. */
export async function trainFixed(desc: ModelDesc, parts: FixedTrainingParts): Promise<FixedTraining> {
  const { environment, trainer, loader, dataset, seed, logger, path, confusion } = parts;
  const setup = setUpFixed(desc, { engine: environment.engine, trainer, loader, dataset, seed });
  try {
    const run = await trainRun({
      environment,
      logger,
      title: trainer.title,
      path: `${path}/${trainer.title}`,
      loggerFreq: trainer.logger_freq,
      setup,
      confusion,
    });
    return { run, params: setup.network.params, values: await setup.network.save() };
  } finally {
    setup.dispose();
  }
}
