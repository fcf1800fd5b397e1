import type { ModelDesc } from "../desc/model-desc.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { trainOnEngine } from "./engine-run.ts";
import type { Trained } from "./trained.ts";
import type { ArchTrainerParts, ArchTraining } from "./trainers.ts";
import { setUpSearch } from "./training-setup.ts";

/** Trains a supernet's weights and alphas on the engine, by the method. */
export class ArchTrainer {
  readonly #engine: Engine;
  readonly #parts: ArchTrainerParts;

  constructor(engine: Engine, parts: ArchTrainerParts) {
    this.#engine = engine;
    this.#parts = parts;
  }

  /** @throws as `Trainers` */
  async fit(desc: ModelDesc): Promise<ArchTraining> {
    const { control, method, conf, dataset, seed, start, logger, onEpoch } = this.#parts;
    const { trainer } = conf;
    const setup = setUpSearch(desc, { engine: this.#engine, method, conf, dataset, seed, start, ...control });
    const { network, covariances } = setup;
    const trained = async (): Promise<Trained> => ({
      alphas: await network.save(["alphas"]),
      ...(covariances && { covariances: await covariances.run() }),
    });
    try {
      const run = await trainOnEngine(setup, {
        control,
        logger,
        trainer,
        path: "arch_search",
        onEpoch: onEpoch && (async (epoch) => onEpoch(epoch, await trained())),
      });
      return { ...(await trained()), run, params: network.params, values: await network.save() };
    } finally {
      setup.dispose();
    }
  }
}
