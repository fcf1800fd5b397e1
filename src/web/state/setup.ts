import type { RunRequest } from "../../worker/protocol.ts";
import { joinWords, splitWords } from "./overrides.ts";
import type { LinkedRun } from "./run-link.ts";

/** What is chosen for the next run, as the form holds it. */
export interface Setup {
  readonly algo: string;
  readonly dataset: string;
  readonly full: boolean;
  /** A whole number, or empty for the conf's. */
  readonly seed: string;
  /** As on a command line. */
  readonly overrides: string;
  /** The conf itself, where it is edited. */
  readonly confText?: string;
  /** Take WebGL where there is no WebGPU. */
  readonly fallback?: boolean;
}

export const defaultSetup: Setup = { algo: "darts", dataset: "shapes", full: false, seed: "", overrides: "" };

const SEED = "--common.seed";

/** The run that a form asks for. */
export function requestOf(
  { algo, dataset, full, seed, overrides, confText, fallback }: Setup,
  prefix?: string,
): RunRequest {
  const words = [...splitWords(overrides), ...(seed.trim() ? [SEED, seed.trim()] : [])];
  return { algo, dataset, full, confText, prefix, fallback, overrides: words.length > 0 ? words : undefined };
}

/** The form for a run that a link carries. */
export function setupOf({ algo, dataset, full = false, overrides = [], confText }: LinkedRun): Setup {
  const at = overrides.lastIndexOf(SEED);
  const seed = at >= 0 ? (overrides[at + 1] ?? "") : "";
  const others = at >= 0 ? overrides.toSpliced(at, 2) : overrides;
  return { algo, dataset, full, seed, overrides: joinWords(others), confText };
}
