import type { Dataset } from "../data/dataset.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { Logger } from "../log/logger.ts";
import type { RunRecord } from "../train/metrics.ts";
import { Network } from "../train/network.ts";
import type { Algorithm, SearchConf } from "./algorithm.ts";
import type { Environment } from "./environment.ts";
import { searchFeeds } from "./feeds.ts";
import type { Alphas } from "./finalizers.ts";
import { trainRun } from "./train-run.ts";

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

  async fit(desc: ModelDesc): Promise<ArchTraining> {
    const { environment, algorithm, conf, dataset, seed, logger } = this.#parts;
    const { engine } = environment;
    const { trainer, loader } = conf;
    const feeds = searchFeeds({ engine, dataset, loader, chunks: trainer.batch_chunks, seed });
    const { height, width } = dataset;
    const shape = { batch: feeds.train.samples, height, width, affine: false, dropPath: "none" as const };
    let network: Network | undefined;
    try {
      network = new Network(engine, desc, shape);
      network.initialise(seed);
      const run = await trainRun({
        environment,
        logger,
        title: trainer.title,
        path: `arch_search/${trainer.title}`,
        loggerFreq: trainer.logger_freq,
        feeds,
        parts: {
          network,
          conf: trainer,
          seed,
          roles: algorithm.roles(conf),
          hook: algorithm.hook?.(conf, feeds.alphas),
        },
      });
      return { alphas: await network.save(["alphas"]), run };
    } finally {
      network?.dispose();
      feeds.dispose();
    }
  }
}
