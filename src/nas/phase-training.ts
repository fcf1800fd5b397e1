import type { NetworkDesc } from "../desc/network-desc.ts";
import { openCheckpoint } from "./keeping.ts";
import type { PhaseParts } from "./phase-parts.ts";
import type { FixedTraining, FixedTrainingParts } from "./trainers.ts";

/** What a phase trains a network without alphas by. */
export interface PhaseTraining
  extends Pick<FixedTrainingParts, "section" | "trainer" | "loader" | "path" | "confusion" | "validateOn"> {
  /** Of its checkpoint; different for each training of the phase. */
  readonly title: string;
}

/** Trains a network within a phase: in a section of the log of its own, and kept as the phase is. @throws as `Trainers` */
export async function trainInPhase(
  desc: NetworkDesc,
  parts: PhaseParts,
  { title, ...training }: PhaseTraining,
): Promise<FixedTraining> {
  const { environment, dataset, seed, logger, keeping } = parts;
  const checkpoint = await openCheckpoint(keeping, title, { seed, desc });
  logger.pushd(training.path);
  const common = { control: environment, dataset, seed, logger, checkpoint };
  const trained = await environment.trainers.fixed(desc, { ...training, ...common });
  logger.popd();
  return trained;
}
