import { stringify } from "yaml";
import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import type { Logger } from "../log/logger.ts";
import { metricsTree, type RunRecord } from "../train/metrics.ts";
import type { Algorithm } from "./algorithm.ts";
import type { Environment } from "./environment.ts";
import { type Alphas, finalizeModel } from "./finalizers.ts";

export interface SearcherParts {
  readonly environment: Environment;
  readonly algorithm: Algorithm;
  /** Paths in it are expanded. */
  readonly conf: ExperimentConf;
  readonly dataset: Dataset;
  readonly seed: number;
  readonly logger: Logger;
}

export interface SearchResult {
  readonly found: ModelDesc;
  /** What was searched; its edges are those that the alphas weigh. */
  readonly supernet: ModelDesc;
  readonly alphas: Alphas;
  /** Training of the supernet. */
  readonly search: RunRecord;
  /** A short training of what was found, if the conf asks for it. */
  readonly postTrain?: RunRecord;
}

/**
 * Finds an architecture: builds the supernet, trains it, finalizes it, and trains what was found for a few epochs
 * (`post_train`). Writes `full_model_desc.yaml`, `final_model_desc.yaml` and `search_train_metrics.yaml`.
 */
export class Searcher {
  readonly #parts: SearcherParts;

  constructor(parts: SearcherParts) {
    this.#parts = parts;
  }

  async search(): Promise<SearchResult> {
    const { environment, algorithm, conf, seed, logger } = this.#parts;
    const { search } = conf.nas;
    const select = algorithm.finalizer(search, seed);
    const desc = algorithm.builder().build(search.model_desc);
    await environment.writeFile(search.full_desc_filename, modelDescToYaml(desc));

    logger.pushd("arch_search");
    const tell = environment.onSearchEpoch;
    const onEpoch =
      tell &&
      ((epoch: number, alphas: Alphas) =>
        tell({ epoch, supernet: desc, alphas, best: finalizeModel(desc, alphas, select) }));
    const parts = { ...this.#parts, control: environment, conf: search, onEpoch };
    const { alphas, run } = await environment.trainers.supernet(desc, parts);
    logger.popd();
    const found = finalizeModel(desc, alphas, select);
    await environment.writeFile(search.final_desc_filename, modelDescToYaml(found));
    const metrics = stringify(metricsTree(run));
    await environment.writeFile(search.final_desc_filename.replace(/[^/]*$/, "search_train_metrics.yaml"), metrics);

    const postTrain = await this.#postTrain(found);
    const result = { found, supernet: desc, alphas, search: run };
    return postTrain ? { ...result, postTrain } : result;
  }

  async #postTrain(found: ModelDesc): Promise<RunRecord | undefined> {
    const { environment, conf, dataset, seed, logger } = this.#parts;
    const { model_desc, post_train } = conf.nas.search;
    if (!post_train || post_train.trainer.epochs === 0) return undefined;
    logger.pushd("post_train");
    const desc = new ModelDescBuilder().build(model_desc, found);
    const { trainer, loader } = post_train;
    const parts = { control: environment, trainer, loader, dataset, seed, logger, path: "post_train" };
    const { run } = await environment.trainers.fixed(desc, parts);
    logger.popd();
    return run;
  }
}
