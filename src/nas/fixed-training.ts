import type { NetworkDesc } from "../desc/network-desc.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { trainOnEngine } from "./engine-run.ts";
import type { FixedTraining, FixedTrainingParts } from "./trainers.ts";
import { setUpFixed } from "./training-setup.ts";

/** Trains a network without alphas on the engine. @throws as `Trainers` */
export async function trainFixed(engine: Engine, desc: NetworkDesc, parts: FixedTrainingParts): Promise<FixedTraining> {
  const { control, trainer, logger, path, confusion } = parts;
  const setup = setUpFixed(desc, { ...parts, engine });
  try {
    const run = await trainOnEngine(setup, { control, logger, trainer, path, confusion });
    return { run, params: setup.network.params, values: await setup.network.save() };
  } finally {
    setup.dispose();
  }
}
