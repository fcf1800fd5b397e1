import { parse, stringify } from "yaml";
import { differences } from "../config/leaves.ts";
import { parseModelDesc } from "../desc/yaml.ts";
import { SupernetError } from "../errors.ts";
import { modelTensors } from "../export/model.ts";
import type { LogEntry } from "../log/logger.ts";
import type { SweepFigures, SweepPlace } from "../report/sweep-row.ts";
import { metricsTree, type RunRecord } from "../train/metrics.ts";
import type { Environment } from "./environment.ts";
import { removeCheckpoints } from "./keeping.ts";
import { type MacroShape, macroCombinations, shaped, shapeName } from "./macro-combinations.ts";
import type { PhaseParts } from "./phase-parts.ts";
import { fileExists } from "./run-files.ts";
import type { PostTraining, Search, SearchResult } from "./search.ts";
import type { SearchConf } from "./search-method.ts";
import { sweepFigures } from "./sweep-row.ts";

/** One search of a sweep. */
export interface SweepJob {
  /** Of its section in the log. */
  readonly name: string;
  readonly place: SweepPlace;
  /** The search by itself: its shape, its seed, its files in `folder`. */
  readonly parts: PhaseParts;
  readonly folder: string;
}

/** What is kept of a search of a sweep, as `result.yaml` in its folder; written last, so it is there when all is. */
interface KeptResult {
  /** What decides the result. */
  readonly determinedBy: Tree;
  readonly figures: SweepFigures;
  /** What was logged meanwhile. */
  readonly log: readonly LogEntry[];
  /** Where a supernet was trained. */
  readonly search?: { readonly alphas: Readonly<Record<string, readonly number[]>>; readonly run: RunRecord };
}

type Tree = Readonly<Record<string, unknown>>;

const RESULT = "result.yaml";
/** What stands there meanwhile: to YAML, nothing. */
const UNFINISHED = "# being searched\n";

/** Repetition i of a shape has i added to the seed. */
export function sweepJobs(parts: PhaseParts): SweepJob[] {
  const { search } = parts.conf.nas;
  return macroCombinations(search).shapes.flatMap((shape) =>
    Array.from({ length: search.search_iters }, (_, iteration) => jobOf(parts, shape, iteration)),
  );
}

function jobOf(parts: PhaseParts, shape: MacroShape, iteration: number): SweepJob {
  const { conf, seed } = parts;
  const { search } = conf.nas;
  const numbers: Readonly<Record<string, number>> = { ...shape, search_iter: iteration };
  const folder = search.metrics_dir.replaceAll(/\{(\w+)\}/g, (braced, key) => String(numbers[key] ?? braced));
  const { post_train } = search;
  const own: SearchConf = {
    ...search,
    model_desc: shaped(search.model_desc, shape),
    pareto: { ...search.pareto, enabled: false },
    post_train: post_train && { ...post_train, skip_unless_compared: false },
    search_iters: 1,
    final_desc_filename: `${folder}/final_model_desc.yaml`,
    full_desc_filename: `${folder}/full_model_desc.yaml`,
    final_desc_foldername: `${folder}/model_desc_gallery`,
  };
  const name = shapeName(shape) + (search.search_iters > 1 ? `.i${iteration}` : "");
  return {
    name,
    place: { ...shape, iteration },
    parts: {
      ...parts,
      seed: seed + iteration,
      conf: { ...conf, nas: { ...conf.nas, search: own } },
      keeping: parts.keeping && { ...parts.keeping, stem: `${parts.keeping.stem}.${name}` },
    },
    folder,
  };
}

/** Searches, trains what was found for a short while, measures it, and keeps all of it in the job's folder. */
export async function runJob(search: Search, { parts, folder }: SweepJob): Promise<void> {
  const { environment, logger } = parts;
  // What is searched anew overwrites what an older result was about.
  await environment.writeFile(`${folder}/${RESULT}`, UNFINISHED);
  const { result, entries } = await logger.recording(() => search(parts));
  const { supernet, postTrain } = result;
  if (!postTrain) throw new Error("a search of a sweep trains what it has found");
  await environment.writeFile(`${folder}/metrics.yaml`, stringify(metricsTree(postTrain.run)));
  const figures = await figuresOf(postTrain, parts);
  const alphas =
    supernet && Object.fromEntries([...supernet.alphas].map(([name, values]) => [name, Array.from(values)]));
  const kept: KeptResult = {
    determinedBy: determinedBy(parts),
    figures,
    log: entries,
    ...(supernet && alphas && { search: { alphas, run: supernet.run } }),
  };
  await environment.writeFile(`${folder}/${RESULT}`, toText(kept));
  if (parts.keeping) await removeCheckpoints(parts.keeping);
}

async function figuresOf({ desc, run, params, values }: PostTraining, parts: PhaseParts): Promise<SweepFigures> {
  const { environment, conf, dataset } = parts;
  const { height, width, channels, mean, std } = dataset;
  const dropPath = (conf.nas.search.post_train?.trainer.drop_path_prob ?? 0) > 0;
  const image = { height, width, channels };
  const trained = { desc, tensors: modelTensors(params, values), image, mean, std, dropPath };
  return sweepFigures(desc, run, image, await environment.trainers.inferenceCost(trained, environment));
}

/** Lets nobody take what an earlier sweep has left for the job's result. */
export async function forgetJob({ parts, folder }: SweepJob): Promise<void> {
  await parts.environment.remove(`${folder}/${RESULT}`);
}

/** What became of a job. */
export interface FinishedJob {
  readonly figures: SweepFigures;
  readonly log: readonly LogEntry[];
  readonly result: SearchResult;
}

/** @throws SupernetError "io" or "desc" where the job has not been run to its end, or its files are damaged */
export async function readJob({ parts: { environment }, folder }: SweepJob): Promise<FinishedJob> {
  const desc = async (name: string) => {
    const path = `${folder}/${name}_model_desc.yaml`;
    return parseModelDesc(await environment.readText(path), path);
  };
  const kept = await readKept(environment, folder);
  if (!kept) throw new SupernetError("io", `${folder} has no finished search`);
  const { figures, log, search } = kept;
  const found = await desc("final");
  if (!search) return { figures, log, result: { found } };
  const supernet = { desc: await desc("full"), alphas: new Map(Object.entries(search.alphas)), run: search.run };
  return { figures, log, result: { found, supernet } };
}

/** Whether a job is done, or what is different about the one that was done in its folder. */
export async function jobState({ parts, folder }: SweepJob): Promise<"done" | "open" | { readonly changed: string }> {
  const kept = await readKept(parts.environment, folder);
  if (!kept) return "open";
  const [changed] = differences(kept.determinedBy, determinedBy(parts));
  return changed ? { changed: `${changed.path} was ${changed.was} and is ${changed.is} now` } : "done";
}

/** @returns undefined where no search has ended. @throws SupernetError("io") for a damaged file */
async function readKept(environment: Environment, folder: string): Promise<KeptResult | undefined> {
  const path = `${folder}/${RESULT}`;
  if (!(await fileExists(environment, path))) return undefined;
  try {
    return (parse(await environment.readText(path)) as KeptResult | null) ?? undefined;
  } catch (cause) {
    if (cause instanceof SupernetError) throw cause;
    throw new SupernetError("io", `${path} is damaged: delete it, and that search is made again`, { cause });
  }
}

/** Keys of `nas.search` that a search's result does not depend on: names of files, and what concerns whole sweeps. */
const NOT_DECISIVE: ReadonlySet<string> = new Set([
  ...["final_desc_filename", "full_desc_filename", "final_desc_foldername", "metrics_dir"],
  ...["pareto", "search_iters", "seed_train", "resume", "checkpoint", "data_parallel"],
]);

function determinedBy({ conf, seed }: PhaseParts): Tree {
  const search = Object.fromEntries(Object.entries(conf.nas.search).filter(([key]) => !NOT_DECISIVE.has(key)));
  return { common: { seed }, nas: { search } };
}

/** Sections that are shared stand everywhere. */
const toText = (kept: KeptResult) => stringify(kept, { aliasDuplicateObjects: false, lineWidth: 0 });
