import { SupernetError } from "../errors.ts";
import { resumedLogSink } from "../log/resumed-log.ts";
import { folderLogSink } from "../log/sink.ts";
import type { Environment, SearchState } from "../nas/environment.ts";
import type { Executor } from "../nas/executor.ts";
import { ExperimentRunner } from "../nas/experiment-runner.ts";
import type { OpenCheckpoints } from "../nas/open-checkpoints.ts";
import { requireOwn } from "../nas/own-files.ts";
import { PHASES, type Phase, runFolder } from "../nas/phase.ts";
import type { PhaseOrigin, PhaseRecord } from "../nas/phase-record.ts";
import { skipShare } from "../report/cells.ts";
import { throughput } from "../report/throughput.ts";
import type { Gate } from "../train/gate.ts";
import type { Progress } from "../train/progress.ts";
import type { Backend, RunTrainers } from "./backend.ts";
import { cellDrawings, cellWeights } from "./drawings.ts";
import { checkMemory } from "./forecast.ts";
import type { Host } from "./host.ts";
import { type JobPool, openJobPool } from "./job-pool.ts";
import type { AdapterReport, EpochFigures, RunEvent, RunRequest, RunSummary, TuneRequest } from "./protocol.ts";
import { memoryOf, type ResolvedRequest } from "./request.ts";
import { runFiles } from "./run-files.ts";
import { readSummary, SUMMARY } from "./runs.ts";
import { epochFigures, evalSummary, type StoredSummary, searchSummary } from "./summary.ts";

/** An event without its time. */
export type EventBody = RunEvent extends infer Event ? (Event extends RunEvent ? Omit<Event, "time"> : never) : never;

export interface RunParts {
  readonly host: Host;
  readonly backend: Backend;
  readonly request: ResolvedRequest;
  /** What it was resolved from. */
  readonly asked: RunRequest;
  readonly tune: TuneRequest | undefined;
  /** Networks that are trained at once, where there are several. */
  readonly workers: number;
  readonly tell: (event: EventBody) => void;
  readonly signal: AbortSignal;
  readonly gate: Gate;
  readonly checkpoints: OpenCheckpoints;
}

/**
 * Runs the phases of an experiment, tells what happens, and keeps what it came to as `run.json` in the folder of the last one.
 * @throws as `ExperimentRunner`; the signal's reason when it is aborted
 */
export async function runExperiment(parts: RunParts): Promise<RunSummary> {
  const pool = openPool(parts);
  try {
    return await runPhases(parts, pool?.executor);
  } finally {
    await pool?.dispose();
  }
}

/** Threads that train several networks at once; undefined where one after another will do, or has to. */
function openPool({ host, request, workers, tune, tell }: RunParts): JobPool | undefined {
  if (workers === 1) return undefined;
  const start = host.startJobThread;
  if (!start)
    tell({ kind: "warning", message: "networks are trained one after another: only Node has several workers" });
  else if (tune) tell({ kind: "warning", message: "what several workers train is not tuned" });
  return start && openJobPool(memoryOf(request, workers), start);
}

async function runPhases(parts: RunParts, executor: Executor | undefined): Promise<RunSummary> {
  const { host, backend, request, tell, signal } = parts;
  const { name, phases, leftOut, dataset, algorithm, conf } = request;
  const started = Date.now();
  const current: { phase: Phase } = { phase: phases[0] ?? "search" };
  const logdir = host.logdir(conf.common.logdir);
  const trainers = await openTrainers(parts);
  const environment = { ...makeEnvironment(parts, trainers, { phase: () => current.phase, logdir }), executor };
  const runner = new ExperimentRunner({ ...request, environment, logdir, variables: host.variables });
  const datasets = await runner.loadData(phases);
  signal.throwIfAborted();
  const paper = await backend.paper?.(memoryOf(request));
  if (paper) await checkMemory(request, host, { datasets, paper });
  signal.throwIfAborted();
  const origin = originOf(parts);
  const resumed = await resume(runner, parts, origin);
  for (const phase of phases) await host.files.removeTemporary(runner.folder(phase));
  const before = await forget(host, runner, phases);

  tell({ kind: "started", name, phases });
  if (leftOut.length > 0)
    tell({ kind: "warning", message: `${algorithm.name} has nothing to search: only its evaluation runs` });
  const enter = (phase: Phase) => {
    current.phase = phase;
    tell({ kind: "phase", phase, folder: runner.folder(phase) });
  };
  let summary: StoredSummary = {
    name,
    algo: algorithm.name,
    dataset,
    seed: conf.common.seed,
    started,
    ended: started,
    adapter: adapterText(backend.adapter),
  };
  if (phases.includes("search")) {
    enter("search");
    let search = resumed.search?.ended as SearchSummary | undefined;
    if (search) {
      tellEnded(parts, "search", search.epochs);
    } else {
      const seconds = stopwatch(parts.gate, resumed.search);
      search = { ...searchSummary(await runner.search()), seconds: seconds() };
    }
    await runner.kept.ended("search", search);
    summary = { ...summary, search };
    tell({ kind: "found", cells: search.cells, text: search.text });
    await runner.copySearchToEval();
  } else if (before?.search) {
    // What is evaluated was found by the run before.
    summary = { ...summary, search: before.search };
  }
  if (phases.includes("eval")) {
    enter("eval");
    const record = resumed.eval ?? (await runner.kept.open("eval", origin));
    let evaluation = record.ended as EvaluationSummary | undefined;
    if (evaluation) {
      tellEnded(parts, "eval", evaluation.eval?.epochs ?? []);
    } else {
      const seconds = stopwatch(parts.gate, record);
      const result = await runner.evaluate();
      const { mean, std } = result.image;
      const classifier = { mean, std, dropPath: conf.nas.eval.trainer.drop_path_prob > 0 };
      evaluation = { eval: { ...evalSummary(result), seconds: seconds() }, classifier };
    }
    await runner.kept.ended("eval", evaluation);
    summary = { ...summary, ...evaluation };
  }
  summary = { ...summary, ended: Date.now() };
  await writeSummary(host, runner.folder(current.phase), summary);
  return summary;
}

/** A phase need not run again. */
function tellEnded({ request, tell }: RunParts, phase: Phase, done: readonly EpochFigures[]): void {
  const { title } = request.conf.nas[phase].trainer;
  const epochs = done.length;
  if (epochs > 0) tell({ kind: "restored", phase, title, epoch: epochs, epochs, done });
}

/** What whoever goes on with a run asks for; how he does, is his business. */
function forLater({ resume: _, ...asked }: RunRequest): RunRequest {
  return asked;
}

type SearchSummary = NonNullable<StoredSummary["search"]>;
type EvaluationSummary = Pick<StoredSummary, "eval" | "classifier">;

/**
 * Finds out what an earlier run of the same has left, and begins to keep this one. Nothing has been written yet where that is
 * refused.
 * @returns what is kept of the phases, that of the evaluation only where what it evaluates is there already
 * @throws SupernetError("io") for a run that was begun otherwise, and where there is nothing to go on from though there must be
 */
async function resume(
  runner: ExperimentRunner,
  { request, asked }: RunParts,
  origin: PhaseOrigin,
): Promise<{ readonly search: PhaseRecord | undefined; readonly eval: PhaseRecord | undefined }> {
  const { phases, name } = request;
  const searches = phases.includes("search");
  const search = searches ? await runner.kept.open("search", origin) : undefined;
  const found = !searches || search?.ended !== undefined;
  const evaluation =
    found && phases.includes("eval") ? await runner.kept.open("eval", origin, searches ? "search" : "eval") : undefined;
  if (asked.resume === "require" && !search?.resumes && !evaluation?.resumes) {
    const remedy = "check --exp-prefix and the log folder, or let it begin with --resume auto";
    throw new SupernetError("io", `${name} has left nothing to go on from: ${remedy}`);
  }
  if (!found) await runner.kept.forgetEvaluation();
  return { search, eval: evaluation };
}

function originOf({ host, backend, asked, tune }: RunParts): PhaseOrigin {
  const ranOn = {
    adapter: adapterText(backend.adapter),
    "version of supernet": host.version,
    "choice of kernels": tune ? "tuned" : "untuned",
  };
  return { request: forLater(asked), ranOn };
}

/**
 * Seconds from now on, but for those in which the run stood still; undefined for a phase that went on from where it was cut
 * off, of which nobody has measured the whole.
 */
function stopwatch(gate: Gate, record: PhaseRecord | undefined): () => number | undefined {
  const clock = () => performance.now() - gate.held;
  const start = clock();
  return () => (record?.resumes ? undefined : (clock() - start) / 1000);
}

/**
 * Removes the summary that was there: a run that does not end leaves none. What is not run again keeps its own, in the folder of
 * the search.
 * @returns what there was
 */
async function forget(host: Host, runner: ExperimentRunner, phases: readonly Phase[]) {
  const [search, evaluation] = [runner.folder("search"), runner.folder("eval")];
  const before = (await readSummary(host.files, evaluation)) ?? (await readSummary(host.files, search));
  if (phases.includes("search")) await host.files.remove(`${search}/${SUMMARY}`);
  else if (before?.search) await writeSummary(host, search, { ...before, eval: undefined, classifier: undefined });
  await host.files.remove(`${evaluation}/${SUMMARY}`);
  return before;
}

function writeSummary(host: Host, folder: string, summary: StoredSummary): Promise<void> {
  return host.files.writeFile(`${folder}/${SUMMARY}`, `${JSON.stringify(summary, null, 1)}\n`);
}

/** TensorFlow.js computes at another speed than WebGPU does on the same adapter. */
function adapterText({ name, backend }: AdapterReport): string {
  return backend === "tfjs" ? `${name} (TensorFlow.js)` : name;
}

function openTrainers({ host, backend, request, tune, tell, signal }: RunParts): Promise<RunTrainers> {
  const onWarning = (message: string) => tell({ kind: "warning", message });
  const tuning = tune && {
    mode: tune.mode,
    store: host.tuningStore(onWarning, tune.file),
    version: host.version,
    tell: (message: string) => tell({ kind: "tuning", message }),
    onWarning,
    signal,
  };
  return backend.trainers(tuning, memoryOf(request));
}

/** @param place where the run is, and the folder of all runs */
function makeEnvironment(
  { host, request, tell, checkpoints, signal, gate }: RunParts,
  { trainers, bytes }: RunTrainers,
  { phase, logdir }: { readonly phase: () => Phase; readonly logdir: string },
): Environment {
  const folders = PHASES.map((one) => runFolder(logdir, request.name, one));
  const onWarning = (message: string) => tell({ kind: "warning", message });
  const own = runFiles(host.files);
  // A clock that stands still with the run.
  const speed = throughput(() => performance.now() - gate.held);
  return {
    trainers,
    datasets: host.datasets,
    ...own,
    writeFile: async (path, data, options) => {
      requireOwn(path, folders);
      await own.writeFile(path, data, options);
    },
    remove: async (path) => {
      requireOwn(path, folders);
      await own.remove(path);
    },
    logSink: (folder, goOn) => (goOn ? resumedLogSink : folderLogSink)(host.files, folder),
    onPreparing: (title) => tell({ kind: "preparing", phase: phase(), title }),
    onProgress: (title, progress) => {
      const imagesPerSecond = speed(title, progress);
      tell(progressEvent(title, progress, { phase: phase(), imagesPerSecond, gpuBytes: bytes() }));
    },
    onSearchEpoch: (state) => tell(alphasEvent(state)),
    onWarning,
    onRestored: (title, { epoch, epochs: done }, epochs) =>
      tell({ kind: "restored", phase: phase(), title, epoch, epochs, done: epochFigures(done) }),
    checkpoints,
    signal,
    gate,
  };
}

function progressEvent(
  title: string,
  { phase: pass, averages, ...place }: Progress,
  more: { readonly phase: Phase; readonly imagesPerSecond: number; readonly gpuBytes: number },
): EventBody {
  return { kind: "progress", title, pass, ...place, ...averages, ...more };
}

function alphasEvent({ epoch, supernet, alphas, best }: SearchState): EventBody {
  const drawn = cellDrawings(best);
  return { kind: "alphas", epoch, cells: cellWeights(supernet, alphas), best: drawn, skipShare: skipShare(drawn) };
}
