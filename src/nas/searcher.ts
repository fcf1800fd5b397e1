import { stringify } from "yaml";
import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { metricsTree, type RunRecord } from "../train/metrics.ts";
import type { SearchMethod, Trained } from "./algorithm.ts";
import type { SearchParts, SearchResult } from "./search.ts";

/**
 * Finds an architecture: builds the supernet, trains it, finalizes it, and trains what was found for a few epochs
 * (`post_train`). Writes `full_model_desc.yaml`, `final_model_desc.yaml` and `search_train_metrics.yaml`.
 */
export class Searcher {
  readonly #method: SearchMethod;
  readonly #parts: SearchParts;

  constructor(method: SearchMethod, parts: SearchParts) {
    this.#method = method;
    this.#parts = parts;
  }

  async search(): Promise<SearchResult> {
    const { environment, conf, seed, logger } = this.#parts;
    const { search } = conf.nas;
    const method = this.#method;
    const finalizer = method.finalizer(search, seed);
    const desc = method.builder().build(search.model_desc);
    await environment.writeFile(search.full_desc_filename, modelDescToYaml(desc));

    logger.pushd("arch_search");
    const tell = environment.onSearchEpoch;
    const onEpoch =
      tell &&
      ((epoch: number, trained: Trained) =>
        tell({ epoch, supernet: desc, alphas: trained.alphas, best: finalizer.finalize(desc, trained) }));
    const parts = { ...this.#parts, method, control: environment, conf: search, onEpoch };
    const { run, ...trained } = await environment.trainers.supernet(desc, parts);
    logger.popd();
    const found = finalizer.finalize(desc, trained);
    await environment.writeFile(search.final_desc_filename, modelDescToYaml(found));
    const metrics = stringify(metricsTree(run));
    await environment.writeFile(search.final_desc_filename.replace(/[^/]*$/, "search_train_metrics.yaml"), metrics);

    const postTrain = await this.#postTrain(found);
    const result = { found, supernet: { desc, alphas: trained.alphas, run } };
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
