import { stringify } from "yaml";
import { modelDescToYaml } from "../desc/yaml.ts";
import { metricsTree } from "../train/metrics.ts";
import { openCheckpoint } from "./keeping.ts";
import type { PhaseParts } from "./phase-parts.ts";
import { postTrain } from "./post-train.ts";
import type { SearchResult } from "./search.ts";
import type { SearchMethod } from "./search-method.ts";
import type { Trained } from "./trained.ts";

/**
 * Finds an architecture: builds the supernet, trains it, finalizes it, and trains what was found for a few epochs
 * (`post_train`). Writes `full_model_desc.yaml`, `final_model_desc.yaml` and `search_train_metrics.yaml`.
 */
export class Searcher {
  readonly #method: SearchMethod;
  readonly #parts: PhaseParts;

  constructor(method: SearchMethod, parts: PhaseParts) {
    this.#method = method;
    this.#parts = parts;
  }

  async search(): Promise<SearchResult> {
    const { environment, conf, seed, logger } = this.#parts;
    const { search } = conf.nas;
    const method = this.#method;
    const finalizer = method.finalizer(search, seed);
    const desc = method.builder(search).build(search.model_desc);
    await environment.writeFile(search.full_desc_filename, modelDescToYaml(desc));

    logger.pushd("arch_search");
    const tell = environment.onSearchEpoch;
    const onEpoch =
      tell &&
      ((epoch: number, trained: Trained) =>
        tell({ epoch, supernet: desc, alphas: trained.alphas, best: finalizer.finalize(desc, trained) }));
    const checkpoint = await openCheckpoint(this.#parts.keeping, "arch_train", { seed, desc });
    const parts = { ...this.#parts, method, control: environment, conf: search, checkpoint, onEpoch };
    const { run, ...trained } = await environment.trainers.supernet(desc, parts);
    logger.popd();
    const found = finalizer.finalize(desc, trained);
    await environment.writeFile(search.final_desc_filename, modelDescToYaml(found));
    const metrics = stringify(metricsTree(run));
    await environment.writeFile(search.final_desc_filename.replace(/[^/]*$/, "search_train_metrics.yaml"), metrics);

    const retrained = await postTrain(found, this.#parts);
    return {
      found,
      supernet: { desc, alphas: trained.alphas, run },
      ...(retrained && { postTrain: retrained }),
    };
  }
}
