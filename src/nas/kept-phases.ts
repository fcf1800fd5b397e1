import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { hashOf, type Keeping, removeCheckpoints, stemOf } from "./keeping.ts";
import type { Phase } from "./phase.ts";
import { decisiveConf, type PhaseIdentity, PhaseRecord } from "./phase-record.ts";
import { fileExists, type RunFiles } from "./run-files.ts";
import { sha256OfJson } from "./sha256.ts";

/** What the phases of an experiment are kept by. */
export interface KeptPhasesParts {
  readonly files: RunFiles;
  readonly onWarning: (message: string) => void;
  /** As it was checked, paths not expanded: where things lie decides nothing. */
  readonly conf: ExperimentConf;
  readonly folder: (phase: Phase) => string;
  /** The conf of a phase, paths expanded. */
  readonly expanded: (phase: Phase) => ExperimentConf;
  readonly dataset: (phase: Phase) => Promise<Dataset>;
  /** Whether the evaluation trains what a search has found. */
  readonly evaluatesFound: boolean;
}

/** Keeps the phases of an experiment, so that they can go on when they are cut off, and need not run again when they have ended. */
export class KeptPhases {
  readonly #parts: KeptPhasesParts;
  readonly #records = new Map<Phase, PhaseRecord>();

  constructor(parts: KeptPhasesParts) {
    this.#parts = parts;
  }

  /**
   * Begins to keep a phase; an evaluation when what it evaluates is there. Nothing is written yet.
   * @param request what the run was asked for, for whoever goes on with it
   * @returns what is kept of it already
   * @throws SupernetError("io") for what was begun otherwise and is to be gone on with, see `PhaseRecord.open`
   */
  async open(phase: Phase, request: unknown): Promise<PhaseRecord> {
    const { files, folder, expanded } = this.#parts;
    const parts = { files, folder: folder(phase), identity: await this.#identity(phase), request };
    const record = await PhaseRecord.open(parts, expanded(phase).nas[phase].resume ? "auto" : "fresh");
    this.#records.set(phase, record);
    return record;
  }

  async #identity(phase: Phase): Promise<PhaseIdentity> {
    const { files, conf, dataset, expanded, evaluatesFound } = this.#parts;
    const common = { conf: decisiveConf(conf, phase), data: await hashOf(await dataset(phase)) };
    const path = expanded(phase).nas.eval.final_desc_filename;
    if (phase === "search" || !evaluatesFound || !(await fileExists(files, path))) return common;
    return { ...common, found: await sha256OfJson(await files.readText(path)) };
  }

  /** What is kept of a phase; undefined for one that was not opened. */
  record(phase: Phase): PhaseRecord | undefined {
    return this.#records.get(phase);
  }

  /** How the trainings of a phase are kept; undefined where they are not. */
  async keeping(phase: Phase): Promise<Keeping | undefined> {
    const { files, expanded, onWarning } = this.#parts;
    const record = this.#records.get(phase);
    const { checkpoint } = expanded(phase).nas[phase];
    if (!record || !checkpoint) return undefined;
    const { conf, data } = record.identity;
    const { filename, freq, minutes } = checkpoint;
    const identity = { conf: await sha256OfJson(conf), "data set": data };
    return { files, stem: stemOf(filename), freq, minutes, identity, resume: record.resumes, onWarning };
  }

  /** A phase has ended. @param result what to know of it when it need not run again, as plain data */
  async ended(phase: Phase, result: unknown): Promise<void> {
    await this.#records.get(phase)?.end(result);
    const keeping = await this.keeping(phase);
    if (keeping) await removeCheckpoints(keeping);
  }

  /** Forgets what is kept of an evaluation: a search is about to find something else to evaluate. */
  forgetEvaluation(): Promise<void> {
    const { files, folder } = this.#parts;
    return PhaseRecord.remove(files, folder("eval"));
  }
}
