import type { NetworkDesc } from "../desc/network-desc.ts";
import { trainOnEngine } from "./engine-run.ts";
import type { EngineSource } from "./engine-source.ts";
import type { FixedTraining, FixedTrainingParts } from "./trainers.ts";
import { fixedTraining } from "./trainings.ts";

/** Trains a network without alphas on the engine. @throws as `Trainers` */
export async function trainFixed(
  source: EngineSource,
  desc: NetworkDesc,
  parts: FixedTrainingParts,
): Promise<FixedTraining> {
  return trainOnEngine(source, {
    ...parts,
    training: fixedTraining(desc, parts.section, parts),
    finish: async ({ network }, run) => ({ run, params: network.params, values: await network.save() }),
  });
}
