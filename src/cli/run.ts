import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { findAlgorithm } from "../algos/index.ts";
import { expandPath, loadConfig, parseExperimentConf, toYaml } from "../config/index.ts";
import { suggest } from "../config/nearest.ts";
import { datasetNames } from "../data/load.ts";
import { SupernetError } from "../errors.ts";
import { adapterName } from "../host/gpu.ts";
import { nodeDatasetIo } from "../host/node/dataset-io.ts";
import { readText, writeFileAtomic } from "../host/node/files.ts";
import { requestGpu } from "../host/node/gpu.ts";
import { onInterrupt } from "../host/node/interrupt.ts";
import { folderLogSink } from "../host/node/log-sink.ts";
import { packageRoot } from "../host/node/package-root.ts";
import { type Experiment, ExperimentRunner } from "../nas/experiment-runner.ts";
import { alphasText } from "../report/alphas.ts";
import { cellsText } from "../report/cells.ts";
import { costSummary, runSummary } from "../report/summary.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import { createProgress, type ProgressDisplay } from "./progress.ts";
import { openTuner, type TuneFlags, tuneOptions } from "./tune.ts";

interface RunFlags extends TuneFlags {
  readonly algos: string;
  readonly datasets: string;
  readonly full?: boolean;
  readonly search: boolean;
  readonly eval: boolean;
  readonly expPrefix?: string;
  readonly allowUnknown?: boolean;
}

/** Adds `supernet run`: search and evaluation of algorithms on data sets. */
export function registerRun(program: Command): void {
  const [tune, tuneFile] = tuneOptions();
  program
    .command("run")
    .summary("search for an architecture and train it")
    .description(
      "Search for an architecture and train it from scratch. Toy settings unless --full is given. Any value of the " +
        "conf can be overridden with --path.to.key value, for example --nas.search.trainer.epochs 3.",
    )
    .argument("[overrides...]", "--path.to.key value ...")
    .option("--algos <names>", "algorithms, separated by commas", "darts")
    .option("--datasets <names>", "data sets, separated by commas", "shapes")
    .option("--full", "the paper's settings instead of toy ones")
    .option("--no-search", "evaluate what an earlier run has found")
    .option("--no-eval", "only search")
    .option("--exp-prefix <prefix>", "part of the folders' names (default: toy, or full with --full)")
    .addOption(tune)
    .addOption(tuneFile)
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (overrides: string[], flags: RunFlags) => {
      // All are checked before the first one runs: a mistyped name must not show up hours later.
      const runs = await Promise.all(pairs(flags).map((pair) => prepare(pair, overrides, flags)));
      for (const run of runs) await runOne(run, flags);
    });
}

interface Pair {
  readonly algo: string;
  readonly dataset: string;
}

type PreparedRun = Omit<Experiment, "environment">;

/** Every algorithm on every data set. @throws SupernetError("config") for what is not there or leaves nothing to do */
function pairs({ algos, datasets, search, eval: evaluate }: RunFlags): Pair[] {
  if (!search && !evaluate) {
    throw new SupernetError("config", "--no-search and --no-eval leave nothing to do; give one of them");
  }
  const names = (list: string) => list.split(",").map((name) => name.trim());
  return names(algos).flatMap((algo) => names(datasets).map((dataset) => ({ algo, dataset })));
}

/** @throws SupernetError "config" or "io", see `loadConfig` and `parseExperimentConf` */
async function prepare({ algo, dataset }: Pair, overrides: string[], flags: RunFlags): Promise<PreparedRun> {
  const { full = false, expPrefix = full ? "full" : "toy", allowUnknown } = flags;
  const algorithm = findAlgorithm(algo);
  const spec = confFiles(algo, dataset, full);
  const loaded = await loadConfig(spec, { files: { read: readText }, args: overrides, allowUnknown, env: process.env });
  const conf = parseExperimentConf(loaded.tree, loaded.places);
  const variables = { ...process.env, default_dataroot: process.env.default_dataroot ?? join(homedir(), "dataroot") };
  return {
    algorithm,
    conf,
    confText: toYaml(loaded.root),
    name: `${algo}_${dataset}_${expPrefix}`,
    logdir: expandPath(conf.common.logdir, variables),
    variables,
  };
}

async function runOne(prepared: PreparedRun, flags: RunFlags): Promise<void> {
  const gpu = await requestGpu();
  const progress = createProgress(process.stdout);
  const stop = new AbortController();
  void gpu.lost.then((error) => stop.abort(error));
  const onWarning = (message: string) => process.stderr.write(`warning: ${message}\n`);
  const tuner = await openTuner(flags, gpu, say, { onWarning, signal: stop.signal });
  const environment = {
    engine: new Engine(gpu, tuner),
    datasets: nodeDatasetIo,
    writeFile: writeFileAtomic,
    readText,
    logSink: folderLogSink,
    onProgress: progress.update,
    onWarning,
    signal: stop.signal,
  };
  const runner = new ExperimentRunner({ ...prepared, environment });
  say(`adapter  ${adapterName(gpu.info)}`);
  let interrupted = false;
  const running = runPhases(runner, progress, flags).finally(() => {
    progress.stop();
    // Destroying a device waits for the steps it still has; an interrupted process does not.
    if (!interrupted) gpu.dispose();
  });
  // The process ends only when the run has closed its files.
  const off = onInterrupt(async () => {
    interrupted = true;
    progress.stop();
    stop.abort(new SupernetError("device", "interrupted"));
    await running.catch(() => undefined);
  });
  const failure = await running.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
  off();
  // It is the interrupt's to end the process, and to say with which code.
  if (interrupted) await new Promise<never>(() => {});
  // Work on a lost device fails in many ways; the signal knows why.
  if (failure) throw stop.signal.aborted ? stop.signal.reason : failure.error;
}

async function runPhases(runner: ExperimentRunner, progress: ProgressDisplay, flags: RunFlags): Promise<void> {
  await runner.loadData([...(flags.search ? (["search"] as const) : []), ...(flags.eval ? (["eval"] as const) : [])]);
  if (flags.search) {
    say(`search   ${runner.folder("search")}`);
    const result = await runner.search();
    progress.stop();
    say(alphasText(result.supernet, result.alphas));
    say(cellsText(result.found));
    say(runSummary(result.search, "validation"));
    await runner.copySearchToEval();
  }
  if (flags.eval) {
    say(`eval     ${runner.folder("eval")}`);
    const result = await runner.evaluate();
    progress.stop();
    say(costSummary(result.desc, { ...result.image, affine: true }));
    say(runSummary(result.run, "test"));
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`);

/**
 * The confs of an algorithm and a data set, `_toy` ones where there are any and `full` is not asked for.
 * @throws SupernetError("config") naming the nearest data set when there is none of that name
 */
function confFiles(algo: string, dataset: string, full: boolean): string {
  if (!datasetNames.includes(dataset)) {
    throw new SupernetError("config", `there is no data set "${dataset}"; ${suggest(dataset, datasetNames)}`);
  }
  const path = (folder: string, name: string) => join(packageRoot(), "confs", folder, `${name}.yaml`);
  const pick = (folder: string, name: string) => {
    const toy = path(folder, `${name}_toy`);
    return !full && existsSync(toy) ? toy : path(folder, name);
  };
  return `${pick("algos", algo)};${pick("datasets", dataset)}`;
}
