import type { ModelDesc } from "../desc/model-desc.ts";
import { trainOnEngine } from "./engine-run.ts";
import type { EngineSource } from "./engine-source.ts";
import type { Trained } from "./trained.ts";
import type { ArchTrainerParts, ArchTraining } from "./trainers.ts";
import type { TrainingSetup } from "./training-setup.ts";
import { searchTraining } from "./trainings.ts";

/** Trains a supernet's weights and alphas on the engine, by the method. */
export class ArchTrainer {
  readonly #source: EngineSource;
  readonly #parts: ArchTrainerParts;

  constructor(source: EngineSource, parts: ArchTrainerParts) {
    this.#source = source;
    this.#parts = parts;
  }

  /** @throws as `Trainers` */
  async fit(desc: ModelDesc): Promise<ArchTraining> {
    const { control, method, conf, dataset, seed, start, logger, checkpoint, onEpoch } = this.#parts;
    const { trainer } = conf;
    return trainOnEngine(this.#source, {
      control,
      logger,
      trainer,
      checkpoint,
      path: "arch_search",
      training: searchTraining(desc, { method, conf, dataset, seed, start }),
      onEpoch: onEpoch && (async (setup, epoch) => onEpoch(epoch, await trainedOf(setup))),
      finish: async (setup, run) => {
        const { network } = setup;
        return { ...(await trainedOf(setup)), run, params: network.params, values: await network.save() };
      },
    });
  }
}

async function trainedOf({ network, covariances }: TrainingSetup): Promise<Trained> {
  return { alphas: await network.save(["alphas"]), ...(covariances && { covariances: await covariances.run() }) };
}
