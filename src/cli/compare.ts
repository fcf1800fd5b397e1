import type { Command } from "commander";
import { parse } from "yaml";
import type { ExperimentConf } from "../config/index.ts";
import { SupernetError } from "../errors.ts";
import { nodeFiles } from "../host/node/files.ts";
import { type Phase, runFolder } from "../nas/phase.ts";
import { type ComparedRun, comparisonCsv, comparisonText } from "../report/comparison.ts";
import { comparisonPlot } from "../report/comparison-plot.ts";
import type { EngineClient } from "../worker/client-node.ts";
import { nodeHost } from "../worker/node-host.ts";
import type { ResumeMode, RunRequest, RunSummary } from "../worker/protocol.ts";
import { type ComparePlan, type PlannedRun, planComparison } from "./compare-plan.ts";
import { namesOf, runShown, say, sayAdapter, withEngine } from "./running.ts";
import { type TuneFlags, tuneOptions, tuneRequest } from "./tune.ts";

interface CompareFlags extends TuneFlags {
  readonly algos: string;
  readonly datasets: string;
  readonly seeds: string;
  readonly full?: boolean;
  readonly resume?: boolean;
  readonly expPrefix?: string;
}

/** Adds `supernet compare`: several algorithms with several seeds and equal budgets. */
export function registerCompare(program: Command): void {
  const [tune, tuneFile] = tuneOptions();
  program
    .command("compare")
    .summary("compare algorithms on a level field")
    .description(
      "Run algorithms with seeds 0, 1, … and the same evaluation, and compare them: mean ± sample standard deviation of " +
        "test accuracy, times and costs, as a table, a plot and files. Where confs evaluate differently the first " +
        "algorithm's settings count. Overrides are those of run and hold for all.",
    )
    .argument("[overrides...]", "--path.to.key value ...")
    .option("--algos <names>", "algorithms, separated by commas", "darts,random")
    .option("--datasets <names>", "data sets, separated by commas", "shapes")
    .option("--seeds <count>", "runs of each algorithm on each data set", "3")
    .option("--full", "the paper's settings instead of toy ones")
    .option("--resume", "keep runs that have ended before with the same conf, and go on with those that were cut off")
    .option("--exp-prefix <prefix>", "part of the folders' names (default: toy, or full with --full)")
    .addOption(tune)
    .addOption(tuneFile)
    .allowUnknownOption()
    .action(async (overrides: string[], flags: CompareFlags) => {
      const seeds = seedCount(flags.seeds);
      refuseSeedOverride(overrides);
      await withEngine((engine) => compare(overrides, flags, seeds, engine));
    });
}

function seedCount(text: string): number {
  const seeds = Number(text);
  if (Number.isSafeInteger(seeds) && seeds >= 1) return seeds;
  throw new SupernetError("config", `--seeds is "${text}"; give a whole number from 1`);
}

function refuseSeedOverride(overrides: readonly string[]): void {
  if (!overrides.some((part) => /^--common\.seed(=|$)/.test(part))) return;
  throw new SupernetError(
    "config",
    "--common.seed is the comparison's: it runs with seeds 0, 1, …; say how many with --seeds",
  );
}

async function compare(
  overrides: readonly string[],
  flags: CompareFlags,
  seeds: number,
  { api, failed }: EngineClient,
): Promise<void> {
  const { full = false, expPrefix: prefix = full ? "full" : "toy" } = flags;
  const common: Omit<RunRequest, "algo" | "dataset"> = { full, overrides, phases: ["search", "eval"] };
  const names = { algos: namesOf(flags.algos), datasets: namesOf(flags.datasets) };
  const resolve = (request: RunRequest) => Promise.race([api.resolve(request), failed]);
  const plan = await planComparison({ ...names, seeds, prefix, common }, resolve);
  const adapter = await Promise.race([sayAdapter(api), failed]);
  for (const note of plan.notes) say(note);

  const logdir = logdirOf(plan);
  const folder = `${logdir}/compare_${names.algos.join("-")}_${names.datasets.join("-")}_${prefix}`;
  const done: ComparedRun[] = [];
  for (const run of plan.runs) {
    const kept = flags.resume ? await keptSummary(logdir, run) : undefined;
    if (kept) {
      say(`kept     ${run.name}`);
      if (kept.adapter !== adapter)
        process.stderr.write(`warning: ${run.name} ran on another adapter, ${kept.adapter}\n`);
    }
    const resume = flags.resume ? await resumeMode(logdir, run) : undefined;
    const request = { ...run.request, tune: tuneRequest(flags), resume };
    const start = () => Promise.race([runShown(request, api, { texts: false }), failed]);
    done.push({ ...run.place, name: run.name, outcome: await outcomeOf(kept ?? start) });
    await writeComparison(folder, plan, adapter, done);
  }
  say(comparisonText(done));
  say(`compare  ${folder}`);
  const errors = done.flatMap(({ outcome }) => ("error" in outcome ? [outcome.error] : []));
  if (errors.length === 0) return;
  throw new SupernetError("config", `${errors.length} of ${done.length} runs failed: see the lines below the table`);
}

/** Folder of all runs, as the worker finds it; the same for all, since overrides are. */
function logdirOf({ runs }: ComparePlan): string {
  const { common } = parse(runs[0]!.confText) as ExperimentConf;
  return nodeHost().logdir(common.logdir).replace(/\/+$/, "");
}

/** What is kept of the run, if it has ended and its conf was the same. */
async function keptSummary(logdir: string, run: PlannedRun): Promise<RunSummary | undefined> {
  const summary = `${runFolder(logdir, run.name, "eval")}/run.json`;
  if (!(await nodeFiles.exists(summary)) || !(await hasBegun(logdir, run, "eval"))) return undefined;
  return JSON.parse(await nodeFiles.readText(summary)) as RunSummary;
}

/** A run that was cut off goes on if its conf was the same. */
const resumeMode = async (logdir: string, run: PlannedRun): Promise<ResumeMode> =>
  (await hasBegun(logdir, run, "search")) || (await hasBegun(logdir, run, "eval")) ? "auto" : "fresh";

/** Whether a phase of the run was begun with the same conf. */
async function hasBegun(logdir: string, { name, confText }: PlannedRun, phase: Phase): Promise<boolean> {
  const conf = `${runFolder(logdir, name, phase)}/config_used.yaml`;
  return (await nodeFiles.exists(conf)) && (await nodeFiles.readText(conf)) === confText;
}

/** Runs that fail leave the others alone; one that is stopped, or a bug, ends the comparison. */
async function outcomeOf(run: RunSummary | (() => Promise<RunSummary>)): Promise<ComparedRun["outcome"]> {
  let summary: RunSummary;
  try {
    summary = typeof run === "function" ? await run() : run;
  } catch (error) {
    if (error instanceof SupernetError && error.code !== "aborted") return { error: error.message };
    throw error;
  }
  const { search, eval: evaluation } = summary;
  const top1 = evaluation?.epochs.findLast(({ val }) => val)?.val?.top1;
  if (!evaluation || top1 === undefined)
    return { error: "nothing was tested; set nas.eval.trainer.validation.freq above 0" };
  const { params, macs, seconds } = evaluation;
  return { top1, params, macs, searchSeconds: search?.seconds, evalSeconds: seconds };
}

async function writeComparison(
  folder: string,
  { notes, datasets }: ComparePlan,
  adapter: string,
  runs: readonly ComparedRun[],
): Promise<void> {
  const text = [`adapter  ${adapter}`, ...notes, comparisonText(runs)].join("\n");
  await nodeFiles.writeFile(`${folder}/comparison.txt`, `${text}\n`);
  await nodeFiles.writeFile(`${folder}/comparison.csv`, comparisonCsv(runs));
  await nodeFiles.writeFile(`${folder}/comparison.json`, `${JSON.stringify({ adapter, notes, runs }, null, 1)}\n`);
  for (const dataset of datasets) {
    await nodeFiles.writeFile(`${folder}/${dataset}.svg`, comparisonPlot(runs, dataset));
  }
}
