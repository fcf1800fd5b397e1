import { findAlgorithm } from "../algos/index.ts";
import {
  ConfError,
  type ExperimentConf,
  expandPath,
  type LoadedConf,
  type LoadOptions,
  loadConfig,
  parseExperimentConf,
  toYaml,
} from "../config/index.ts";
import { suggest } from "../config/nearest.ts";
import { datasetNames as builtIn } from "../data/load.ts";
import { ownDatasetConf } from "../data/own/conf.ts";
import { readOwn } from "../data/own/provider.ts";
import { datasetFacts } from "../data/own/report.ts";
import { SupernetError } from "../errors.ts";
import { type Algorithm, searches } from "../nas/algorithm.ts";
import { checkAlgorithm } from "../nas/compatibility.ts";
import { PHASES, type Phase } from "../nas/phase.ts";
import type { MemoryShare } from "./backend.ts";
import { datasetNames } from "./datasets.ts";
import type { Host } from "./host.ts";
import type { ConfProblem, ResumeMode, RunRequest } from "./protocol.ts";

/** A request with everything looked up and checked. */
export interface ResolvedRequest {
  readonly algorithm: Algorithm;
  readonly dataset: string;
  readonly conf: ExperimentConf;
  /** YAML with includes, copies and overrides carried out. */
  readonly confText: string;
  /** `<algo>_<dataset>_<prefix>`. */
  readonly name: string;
  readonly phases: readonly Phase[];
  /** Phases that were asked for and that the algorithm does not have. */
  readonly leftOut: readonly Phase[];
}

/** What a conf text without a file is called in messages. */
const CONF_TEXT = "conf.yaml";

/** What the conf of an imported data set, which has no file, is called in messages. */
const OWN_CONF = "imported.yaml";

/** @throws SupernetError "config" or "io", see `loadConfig` and `parseExperimentConf`; "data" for a damaged imported data set */
export async function resolveRequest(request: RunRequest, host: Host): Promise<ResolvedRequest> {
  const { algo, dataset, full = false, overrides = [], allowUnknown = false, confText } = request;
  const { prefix = "", phases = PHASES } = request;
  const algorithm = findAlgorithm(algo);
  for (const [what, name] of Object.entries({ prefix, "data set": dataset })) {
    if (/[/\\]/.test(name)) throw new SupernetError("config", `the ${what} "${name}" names folders: leave slashes out`);
  }
  if (phases.length === 0) throw new SupernetError("config", "there is nothing to run: name search, eval or both");
  const leftOut: Phase[] = searches(algorithm) ? [] : phases.filter((phase) => phase === "search");
  if (leftOut.length === phases.length) {
    throw new SupernetError("config", `${algo} has nothing to search: let its evaluation run`);
  }
  const options = { args: overrides, allowUnknown, env: host.variables };
  const loaded =
    confText === undefined
      ? await loadFiles({ algo, dataset, full }, options, host)
      : await loadText(confText, options);
  const conf = withResume(parseExperimentConf(loaded.tree, loaded.places), request.resume, host.checkpointMinutes);
  checkAlgorithm(algorithm, conf);
  return {
    algorithm,
    dataset,
    conf,
    confText: toYaml(loaded.root),
    name: nameOf(request),
    phases: PHASES.filter((phase) => phases.includes(phase) && !leftOut.includes(phase)),
    leftOut,
  };
}

/** `<algo>_<dataset>_<prefix>` of the run that is asked for. */
export function nameOf({ algo, dataset, full = false, prefix = full ? "full" : "toy" }: RunRequest): string {
  return `${algo}_${dataset}_${prefix}`;
}

/** @param threads that share the device's memory */
export const memoryOf = ({ conf }: ResolvedRequest, threads = 1): MemoryShare => ({
  bytes: conf.common.gpu_memory * 2 ** 20,
  threads,
});

/** How trainings are kept when the conf does not say. */
const CHECKPOINT = { filename: "$expdir/checkpoint.pth", freq: 10, minutes: 10, steps: 0 };

/**
 * The conf with its keys `resume` and `checkpoint` as the caller wants them, if he says anything.
 * @param minutes at most from one checkpoint to the next
 */
function withResume(conf: ExperimentConf, mode: ResumeMode | undefined, minutes: number): ExperimentConf {
  if (mode === undefined) return conf;
  const { common, nas } = conf;
  const resume = mode !== "fresh";
  const kept = <T extends Pick<typeof common, "checkpoint">>(section: T) => {
    const asked = section.checkpoint ?? common.checkpoint ?? CHECKPOINT;
    return { ...section, resume, checkpoint: { ...asked, minutes: Math.min(asked.minutes, minutes) } };
  };
  return { ...conf, common: kept(common), nas: { ...nas, search: kept(nas.search), eval: kept(nas.eval) } };
}

/** What is wrong with a conf text: at most the first problem of its syntax, or all of its keys and values. */
export async function checkConf(confText: string): Promise<ConfProblem[]> {
  try {
    const { tree, places } = await loadText(confText, {});
    parseExperimentConf(tree, places);
    return [];
  } catch (error) {
    if (error instanceof ConfError) {
      return error.issues.map(({ message, at }) => ({ message, line: at?.line ?? 0, column: at?.col ?? 0 }));
    }
    if (error instanceof SupernetError) return [{ message: error.message, line: 0, column: 0 }];
    throw error;
  }
}

type ConfOptions = Omit<LoadOptions, "files" | "includes">;

function loadText(text: string, options: ConfOptions): Promise<LoadedConf> {
  return loadConfig(CONF_TEXT, { ...options, files: { read: () => text }, includes: false });
}

type Named = Required<Pick<RunRequest, "algo" | "dataset" | "full">>;

/**
 * The confs of an algorithm and a data set, `_toy` ones where there are any and `full` is not asked for; of an imported data
 * set the conf that fits its images.
 * @throws SupernetError("config") naming the nearest data set when there is none of that name
 */
async function loadFiles({ algo, dataset, full }: Named, options: ConfOptions, host: Host): Promise<LoadedConf> {
  const path = (folder: string, name: string) => `${host.confs.root}${folder}/${name}.yaml`;
  const pick = (folder: string, name: string) => {
    const toy = path(folder, `${name}_toy`);
    return !full && host.confs.exists(toy) ? toy : path(folder, name);
  };
  const algorithm = pick("algos", algo);
  if (builtIn.includes(dataset)) {
    return loadConfig(`${algorithm};${pick("datasets", dataset)}`, { ...options, files: host.confs });
  }
  const own = await readOwn(dataset, await dataRootOf(algorithm, options, host), host.datasets);
  if (!own) {
    throw new SupernetError(
      "config",
      `there is no data set "${dataset}"; ${suggest(dataset, await datasetNames(host))}`,
    );
  }
  const text = ownDatasetConf(datasetFacts(own), { full });
  const read = (file: string) => (file === OWN_CONF ? text : host.confs.read(file));
  return loadConfig(`${algorithm};${OWN_CONF}`, { ...options, files: { read } });
}

/** The folder of the data sets of a search: overrides may name another one than the usual. */
async function dataRootOf(algorithm: string, options: ConfOptions, host: Host): Promise<string> {
  const { tree, places } = await loadConfig(algorithm, { ...options, allowUnknown: true, files: host.confs });
  const { dataroot } = parseExperimentConf(tree, places).nas.search.loader.dataset;
  return expandPath(dataroot ?? "$default_dataroot", host.variables);
}
