import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { findAlgorithm } from "../algos/index.ts";
import { expandPath, loadConfig, parseExperimentConf, toYaml } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { adapterName } from "../host/gpu.ts";
import { nodeDatasetIo } from "../host/node/dataset-io.ts";
import { readText, writeFileAtomic } from "../host/node/files.ts";
import { requestGpu } from "../host/node/gpu.ts";
import { onInterrupt } from "../host/node/interrupt.ts";
import { folderLogSink } from "../host/node/log-sink.ts";
import { packageRoot } from "../host/node/package-root.ts";
import { ExperimentRunner } from "../nas/experiment-runner.ts";
import { cellsText } from "../report/cells.ts";
import { runSummary } from "../report/summary.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import { createProgress } from "./progress.ts";

interface RunFlags {
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
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (overrides: string[], flags: RunFlags) => {
      for (const algo of flags.algos.split(",")) {
        for (const dataset of flags.datasets.split(",")) await runOne(algo, dataset, overrides, flags);
      }
    });
}

async function runOne(algo: string, dataset: string, overrides: string[], flags: RunFlags): Promise<void> {
  const algorithm = findAlgorithm(algo);
  const spec = confFiles(algo, dataset, flags.full ?? false);
  const { allowUnknown } = flags;
  const loaded = await loadConfig(spec, { files: { read: readText }, args: overrides, allowUnknown, env: process.env });
  const conf = parseExperimentConf(loaded.tree, loaded.places);
  const variables = { ...process.env, default_dataroot: process.env.default_dataroot ?? join(homedir(), "dataroot") };
  const stop = new AbortController();
  const gpu = await requestGpu();
  const progress = createProgress(process.stdout);
  const off = onInterrupt(() => {
    stop.abort(new SupernetError("device", "interrupted"));
    progress.stop();
    gpu.dispose();
  });
  try {
    const runner = new ExperimentRunner({
      environment: {
        engine: new Engine(gpu),
        datasets: nodeDatasetIo,
        writeFile: writeFileAtomic,
        readText,
        logSink: folderLogSink,
        onProgress: progress.update,
        signal: stop.signal,
      },
      algorithm,
      conf,
      confText: toYaml(loaded.root),
      name: `${algo}_${dataset}_${flags.expPrefix ?? (flags.full ? "full" : "toy")}`,
      logdir: expandPath(conf.common.logdir, variables),
      variables,
    });
    say(`adapter  ${adapterName(gpu.info)}`);
    if (flags.search) {
      say(`search   ${runner.folder("search")}`);
      const result = await runner.search();
      progress.stop();
      say(cellsText(result.found));
      say(runSummary(result.search, "validation"));
      await runner.copySearchToEval();
    }
    if (flags.eval) {
      say(`eval     ${runner.folder("eval")}`);
      const result = await runner.evaluate();
      progress.stop();
      say(runSummary(result.run, "test"));
    }
  } finally {
    off();
    progress.stop();
    gpu.dispose();
  }
}

const say = (text: string) => process.stdout.write(`${text}\n`);

/** The confs of an algorithm and a data set, `_toy` ones where there are any and `full` is not asked for. */
function confFiles(algo: string, dataset: string, full: boolean): string {
  const find = (folder: string, name: string) => {
    const path = join(packageRoot(), "confs", folder, `${name}.yaml`);
    return existsSync(path) ? path : undefined;
  };
  const pick = (folder: string, name: string) => (full ? undefined : find(folder, `${name}_toy`)) ?? find(folder, name);
  const files = [pick("algos", algo), pick("datasets", dataset)];
  if (!files[0]) throw new SupernetError("config", `there is no conf for algorithm "${algo}" in confs/algos`);
  if (!files[1]) throw new SupernetError("config", `there is no conf for data set "${dataset}" in confs/datasets`);
  return files.join(";");
}
