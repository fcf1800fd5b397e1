import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { Logger } from "../log/logger.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { Algorithm, SearchConf } from "./algorithm.ts";
import type { Environment } from "./environment.ts";
import type { Alphas } from "./finalizers.ts";
import { trainRun } from "./train-run.ts";
import { setUpSearch } from "./training-setup.ts";

export interface ArchTrainerParts {
  readonly environment: Environment;
  readonly algorithm: Algorithm;
  readonly conf: SearchConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
}

/** What training a supernet yields. */
export interface ArchTraining {
  /** Architecture parameters after the last epoch. */
  readonly alphas: Alphas;
  readonly run: RunRecord;
}

/** Trains a supernet's weights and alphas by the algorithm; batch norms have no scale and shift, as in DARTS. */
export class ArchTrainer {
  readonly #parts: ArchTrainerParts;

  constructor(parts: ArchTrainerParts) {
    this.#parts = parts;
  }

  /** @param onEpoch told the alphas after every epoch */
  async fit(desc: ModelDesc, onEpoch?: (epoch: number, alphas: Alphas) => void): Promise<ArchTraining> {
    const { environment, algorithm, conf, dataset, seed, logger } = this.#parts;
    const { trainer } = conf;
    const setup = setUpSearch(desc, { engine: environment.engine, algorithm, conf, dataset, seed });
    try {
      const run = await trainRun({
        environment,
        logger,
        title: trainer.title,
        path: `arch_search/${trainer.title}`,
        loggerFreq: trainer.logger_freq,
        setup,
        onEpoch: onEpoch && (async (epoch) => onEpoch(epoch, await setup.network.save(["alphas"]))),
      });
      return { alphas: await setup.network.save(["alphas"]), run };
    } finally {
      setup.dispose();
    }
  }
}
