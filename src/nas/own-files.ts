import type { ExperimentConf } from "../config/index.ts";
import { withoutEndSlash } from "../config/paths.ts";
import { SupernetError } from "../errors.ts";
import type { Phase } from "./phase.ts";

// A run writes into its own folders only, whatever its conf says: a conf may come from somebody else.

/**
 * @param path expanded
 * @param folders of the run's phases
 * @param by what asks for it
 * @throws SupernetError("config") for a path that leaves the run's folders, naming it and the remedy
 */
export function requireOwn(path: string, folders: readonly string[], by = "the conf"): void {
  if (folders.some((folder) => path.startsWith(`${folder}/`) && isInside(path.slice(folder.length + 1)))) return;
  throw new SupernetError(
    "config",
    `${by} writes to ${JSON.stringify(path)}, which is not the run's own: begin the name with $expdir/`,
  );
}

/** Whether a path relative to a folder names something in it. Windows takes either slash; no system takes a NUL. */
function isInside(path: string): boolean {
  const parts = path.split(/[/\\]/);
  return parts.some((part) => part !== "" && part !== ".") && !parts.includes("..") && !path.includes("\0");
}

/**
 * Checks all paths that a phase writes to before any of them is used, some only after hours.
 *
 * @param conf paths expanded
 * @param phases all that will run
 * @throws as `requireOwn`, naming the key
 */
export function checkOwnFiles(
  conf: ExperimentConf,
  phase: Phase,
  { folders, phases }: { readonly folders: readonly string[]; readonly phases: readonly Phase[] },
): void {
  const { filled, written } = phase === "search" ? ofSearch(conf) : ofEvaluation(conf, phases);
  for (const [key, path] of Object.entries(written)) requireOwn(path, folders, key);
  for (const [key, path] of Object.entries(filled)) {
    // The run's folder itself may be filled too.
    if (!folders.includes(withoutEndSlash(path))) requireOwn(path, folders, key);
  }
}

/** Paths by their keys. */
interface Paths {
  /** Of files. */
  readonly written: Readonly<Record<string, string>>;
  /** Of folders. */
  readonly filled: Readonly<Record<string, string>>;
}

const ofSearch = ({ nas: { search } }: ExperimentConf): Paths => ({
  written: {
    "nas.search.full_desc_filename": search.full_desc_filename,
    "nas.search.final_desc_filename": search.final_desc_filename,
    "nas.search.pareto.summary_filename": search.pareto.summary_filename,
    ...(search.checkpoint && { "nas.search.checkpoint.filename": search.checkpoint.filename }),
  },
  filled: {
    "nas.search.final_desc_foldername": search.final_desc_foldername,
    "nas.search.metrics_dir": search.metrics_dir,
    "nas.search.petridish.checkpoints_foldername": search.petridish.checkpoints_foldername,
  },
});

const ofEvaluation = ({ nas: { eval: evaluation } }: ExperimentConf, phases: readonly Phase[]): Paths => ({
  written: {
    "nas.eval.full_desc_filename": evaluation.full_desc_filename,
    "nas.eval.metric_filename": evaluation.metric_filename,
    "nas.eval.model_filename": evaluation.model_filename,
    ...(evaluation.checkpoint && { "nas.eval.checkpoint.filename": evaluation.checkpoint.filename }),
    // Without a search before it is only read, and may be anybody's.
    ...(phases.includes("search") && { "nas.eval.final_desc_filename": evaluation.final_desc_filename }),
  },
  // Weights are left beside what a search has found.
  filled: { "nas.eval.final_desc_foldername": evaluation.final_desc_foldername },
});
