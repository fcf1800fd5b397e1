import type { ExperimentConf } from "../config/index.ts";
import { differences, leafTexts } from "../config/leaves.ts";
import { SupernetError } from "../errors.ts";
import type { Phase } from "./phase.ts";
import { fileExists, type RunFiles } from "./run-files.ts";
import { sha256OfJson } from "./sha256.ts";
import { CHECKPOINT_FORMAT, checkFormat, damaged } from "./snapshot-file.ts";

/** What to do with what an earlier run of the same name has left: begin anew, go on from it, or go on from it if it is there. */
export type ResumeMode = "fresh" | "require" | "auto";

/** What decides a phase, as plain data. */
export interface PhaseIdentity {
  /** See `decisiveConf`. */
  readonly conf: Readonly<Record<string, string>>;
  /** Hash of the images and labels. */
  readonly data: string;
  /** Hash of the descriptions that are evaluated, where they were found by a search. */
  readonly found?: string | undefined;
}

/** Who asked for a phase, and what ran it. */
export interface PhaseOrigin {
  /** What the run was asked for, for whoever goes on with it. */
  readonly request: unknown;
  /** What the last bits of results depend on beside all else, by what users call it. */
  readonly ranOn: Readonly<Record<string, string>>;
}

/** What `resume.json` holds. */
interface Kept extends PhaseIdentity, PhaseOrigin {
  readonly format: number;
  /** What the phase came to, where it has ended. */
  readonly ended?: unknown;
}

const NAME = "resume.json";

export interface PhaseRecordParts {
  readonly files: RunFiles;
  /** Of the phase. */
  readonly folder: string;
  readonly identity: PhaseIdentity;
  readonly origin: PhaseOrigin;
}

/**
 * What is kept of a phase beside its results, `resume.json` in its folder: what decides it, so that nobody goes on with something
 * else, and, once it has ended, what it came to, so that it need not run again.
 */
export class PhaseRecord {
  readonly #parts: PhaseRecordParts;
  readonly #before: Kept | undefined;

  private constructor(parts: PhaseRecordParts, before: Kept | undefined) {
    this.#parts = parts;
    this.#before = before;
  }

  /**
   * Reads what an earlier run has left; writes nothing.
   * @throws SupernetError("io") for a file that is damaged, or is of another conf, data set or format, naming what is different
   */
  static async open(parts: PhaseRecordParts, mode: "fresh" | "auto"): Promise<PhaseRecord> {
    const { files, folder, identity } = parts;
    const path = `${folder}/${NAME}`;
    if (mode === "fresh" || !(await fileExists(files, path))) return new PhaseRecord(parts, undefined);
    const kept = await readKept(files, path);
    refuseOther(folder, kept, identity);
    return new PhaseRecord(parts, kept);
  }

  static remove(files: Pick<RunFiles, "remove">, folder: string): Promise<void> {
    return files.remove(`${folder}/${NAME}`);
  }

  get identity(): PhaseIdentity {
    return this.#parts.identity;
  }

  /** Whether there is something to go on from. */
  get resumes(): boolean {
    return this.#before !== undefined;
  }

  /** What the phase came to before; undefined where it is to run. */
  get ended(): unknown {
    return this.#before?.ended;
  }

  /** In sentences, what may let the last bits of the results differ from those of a phase that was never cut off. */
  get doubts(): string[] {
    const { folder, origin } = this.#parts;
    if (!this.#before || this.ended !== undefined) return [];
    return differences(this.#before.ranOn, origin.ranOn).map(
      ({ path, was, is }) =>
        `${folder} was begun with another ${path}, ${was}, and goes on with ${is}: the last bits of its results may differ`,
    );
  }

  /** The phase begins, or goes on. */
  begin(): Promise<void> {
    return this.#write({});
  }

  /** @param result plain data */
  end(result: unknown): Promise<void> {
    return this.#write({ ended: result });
  }

  async #write(more: Pick<Kept, "ended">): Promise<void> {
    const { files, folder, identity, origin } = this.#parts;
    const kept: Kept = { format: CHECKPOINT_FORMAT, ...origin, ...identity, ...more };
    const text = JSON.stringify({ ...kept, [DIGEST]: await sha256OfJson(kept) }, null, 1);
    await files.writeFile(`${folder}/${NAME}`, `${text}\n`);
  }
}

/** A hash of all else in the file. */
const DIGEST = "sha256";

/** What a phase's folder says of a run that can be gone on with. */
export interface UnfinishedPhase {
  readonly request: unknown;
  readonly ended: boolean;
  /** See `decisiveConf`. */
  readonly conf: PhaseIdentity["conf"];
}

/** @returns undefined where nothing is kept, or what is kept cannot be read */
export async function readUnfinished(
  files: Pick<RunFiles, "readText" | "listFiles">,
  folder: string,
): Promise<UnfinishedPhase | undefined> {
  const path = `${folder}/${NAME}`;
  if (!(await fileExists(files, path))) return undefined;
  try {
    const { request, ended, conf } = await readKept(files, path);
    return { request, ended: ended !== undefined, conf };
  } catch {
    return undefined;
  }
}

async function readKept(files: Pick<RunFiles, "readText">, path: string): Promise<Kept> {
  const text = await files.readText(path);
  let read: (Partial<Kept> & { readonly [DIGEST]?: string }) | null;
  try {
    read = JSON.parse(text);
  } catch (cause) {
    throw damaged(path, "it is not JSON", cause);
  }
  checkFormat(read?.format, path);
  const { [DIGEST]: digest, ...kept } = read!;
  if ((await sha256OfJson(kept)) !== digest) throw damaged(path, "its content is not what was written");
  return kept as Kept;
}

function refuseOther(folder: string, was: Kept, is: PhaseIdentity): void {
  const refuse = (what: string, back: string) => {
    throw new SupernetError(
      "io",
      `${folder} was begun with ${what}: ${back}, choose another --exp-prefix, or begin anew with --resume fresh`,
    );
  };
  const [changed] = differences(was.conf, is.conf);
  if (changed) refuse(`${changed.path} ${changed.was}, now it is ${changed.is}`, "set it back");
  if (was.data !== is.data) refuse("other images or labels", "put them back");
  if (was.found !== is.found) refuse("another architecture", "put what the search has found back");
}

/** Keys of a phase's section that its results do not depend on: where things lie, and how they are kept. */
const NOT_DECISIVE: ReadonlySet<string> = new Set(["resume", "checkpoint", "dataroot", "logger_freq", "data_parallel"]);

/** The part of a conf that decides a phase: values as texts by their paths, since JSON has no NaN and no infinities. */
export function decisiveConf({ common, nas }: ExperimentConf, phase: Phase): Readonly<Record<string, string>> {
  return Object.fromEntries(leafTexts({ common: { seed: common.seed }, nas: { [phase]: without(nas[phase]) } }));
}

function without(tree: unknown): unknown {
  if (typeof tree !== "object" || tree === null || Array.isArray(tree)) return tree;
  const entries = Object.entries(tree).filter(([key]) => !NOT_DECISIVE.has(key));
  return Object.fromEntries(entries.map(([key, value]) => [key, without(value)]));
}
