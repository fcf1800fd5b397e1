import { withoutEndSlash } from "../config/paths.ts";

/** The two halves of an experiment: finding an architecture, and training it from scratch. */
export type Phase = "search" | "eval";

export const PHASES: readonly Phase[] = ["search", "eval"];

/**
 * Folder of a phase of a run, as Archai lays them out.
 * @param logdir folder of all runs
 * @param name `<algo>_<dataset>_<prefix>`
 */
export const runFolder = (logdir: string, name: string, phase: Phase): string =>
  `${withoutEndSlash(logdir)}/${name}_${phase}`;
