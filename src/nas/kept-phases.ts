import type { ExperimentConf } from "../config/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { readGalleryTexts } from "./gallery.ts";
import { hashOf, type Keeping, removeCheckpoints, stemOf } from "./keeping.ts";
import type { Phase } from "./phase.ts";
import { decisiveConf, type PhaseIdentity, type PhaseOrigin, PhaseRecord } from "./phase-record.ts";
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
   * Reads what is kept of a phase; of an evaluation when what it evaluates is there. Nothing is written yet.
   * @param foundBy where the evaluation gets from what it evaluates: its own folder, or that of the search before it
   * @throws SupernetError("io") for what was begun otherwise and is to be gone on with, see `PhaseRecord.open`
   */
  async open(phase: Phase, origin: PhaseOrigin, foundBy: Phase = "eval"): Promise<PhaseRecord> {
    const { files, folder, expanded, onWarning } = this.#parts;
    const parts = { files, folder: folder(phase), identity: await this.#identity(phase, foundBy), origin };
    const record = await PhaseRecord.open(parts, expanded(phase).nas[phase].resume ? "auto" : "fresh");
    for (const doubt of record.doubts) onWarning(doubt);
    this.#records.set(phase, record);
    return record;
  }

  async #identity(phase: Phase, foundBy: Phase): Promise<PhaseIdentity> {
    const { conf, dataset, evaluatesFound } = this.#parts;
    const common = { conf: decisiveConf(conf, phase), data: await hashOf(await dataset(phase)) };
    return phase === "eval" && evaluatesFound ? { ...common, found: await this.#found(foundBy) } : common;
  }

  /** A hash of what a search has found; undefined where there is nothing, which the evaluation will tell. */
  async #found(phase: Phase): Promise<string | undefined> {
    const { files, expanded } = this.#parts;
    const { final_desc_filename: path, final_desc_foldername: gallery } = expanded(phase).nas[phase];
    if (!(await fileExists(files, path))) return undefined;
    return sha256OfJson([await files.readText(path), ...(await readGalleryTexts(files, gallery))]);
  }

  /** Whether a phase goes on from what is kept of it. */
  resumes(phase: Phase): boolean {
    return this.#records.get(phase)?.resumes ?? false;
  }

  /** How the trainings of a phase are kept; undefined where they are not. */
  async keeping(phase: Phase): Promise<Keeping | undefined> {
    const { files, expanded, onWarning } = this.#parts;
    const record = this.#records.get(phase);
    const { checkpoint } = expanded(phase).nas[phase];
    if (!record || !checkpoint) return undefined;
    const { conf, data } = record.identity;
    const { filename, ...cadence } = checkpoint;
    const identity = { conf: await sha256OfJson(conf), "data set": data };
    return { files, stem: stemOf(filename), cadence, identity, onWarning };
  }

  /** A phase begins, or goes on. One that begins does not go on from checkpoints of an earlier one when it is cut off itself. */
  async begin(phase: Phase): Promise<void> {
    if (!this.resumes(phase)) await this.#removeCheckpoints(phase);
    await this.#records.get(phase)?.begin();
  }

  /**
   * A phase has ended, now or before.
   * @param result what to know of it when it need not run again, as plain data
   */
  async ended(phase: Phase, result: unknown): Promise<void> {
    const record = this.#records.get(phase);
    if (record?.ended === undefined) await record?.end(result);
    // It may have been cut off right here.
    await this.#removeCheckpoints(phase);
  }

  async #removeCheckpoints(phase: Phase): Promise<void> {
    const keeping = await this.keeping(phase);
    if (keeping) await removeCheckpoints(keeping);
  }

  /** Forgets what is kept of an evaluation: a search is about to find something else to evaluate. */
  forgetEvaluation(): Promise<void> {
    const { files, folder } = this.#parts;
    return PhaseRecord.remove(files, folder("eval"));
  }
}
