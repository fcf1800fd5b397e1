import { proxy, type Remote } from "comlink";
import type { Command } from "commander";
import { SupernetError } from "../errors.ts";
import { onInterrupt } from "../host/node/interrupt.ts";
import type { Phase } from "../nas/phase.ts";
import { type EngineClient, startEngine } from "../worker/client-node.ts";
import type { RunEvent, RunRequest, SupernetApi } from "../worker/protocol.ts";
import { atLeast } from "./at-least.ts";
import { createProgress, type ProgressDisplay } from "./progress.ts";
import { type TuneFlags, tuneOptions, tuneRequest } from "./tune.ts";

interface RunFlags extends TuneFlags {
  readonly algos: string;
  readonly datasets: string;
  readonly full?: boolean;
  readonly search: boolean;
  readonly eval: boolean;
  readonly expPrefix?: string;
  readonly allowUnknown?: boolean;
  readonly workers: number;
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
    .option(
      "--workers <n>",
      "networks trained at once where a search trains many (petridish), each on a device of its own",
      atLeast(1),
      1,
    )
    .addOption(tune)
    .addOption(tuneFile)
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (overrides: string[], flags: RunFlags) => {
      const wanted = requests(overrides, flags);
      const client = startEngine();
      await runAll(wanted, client).finally(() => close(client));
    });
}

/** Every algorithm on every data set. @throws SupernetError("config") for what leaves nothing to do or says nothing */
function requests(overrides: string[], flags: RunFlags): RunRequest[] {
  const { algos, datasets, full, expPrefix: prefix, allowUnknown } = flags;
  if (!flags.search && !flags.eval) {
    throw new SupernetError("config", "--no-search and --no-eval leave nothing to do; give one of them");
  }
  const phases: Phase[] = [...(flags.search ? (["search"] as const) : []), ...(flags.eval ? (["eval"] as const) : [])];
  const names = (list: string) => list.split(",").map((name) => name.trim());
  const common = { full, overrides, allowUnknown, prefix, phases, tune: tuneRequest(flags), workers: flags.workers };
  return names(algos).flatMap((algo) => names(datasets).map((dataset) => ({ algo, dataset, ...common })));
}

async function runAll(wanted: readonly RunRequest[], { api, failed }: EngineClient): Promise<void> {
  // All are checked before the first one runs: a mistyped name must not show up hours later.
  for (const request of wanted) await Promise.race([api.resolve(request), failed]);
  for (const request of wanted) await Promise.race([runOne(request, api), failed]);
}

async function runOne(request: RunRequest, api: Remote<SupernetApi>): Promise<void> {
  const { name } = await api.adapter();
  say(`adapter  ${name}`);
  const progress = createProgress(process.stdout);
  let interrupted = false;
  const running = api
    .start(
      request,
      proxy((event: RunEvent) => show(event, progress)),
    )
    .finally(() => progress.stop());
  // The process ends only when the run has closed its files.
  const off = onInterrupt(async () => {
    interrupted = true;
    progress.stop();
    await api.stop();
    await api.dispose();
  });
  try {
    const { eval: evaluation } = await running;
    if (request.phases?.includes("eval") && evaluation) say(evaluation.text);
  } catch (error) {
    // It is the interrupt's to end the process, and to say with which code.
    if (interrupted) await new Promise<never>(() => {});
    throw error;
  } finally {
    off();
  }
}

function show(event: RunEvent, progress: ProgressDisplay): void {
  switch (event.kind) {
    case "phase":
      say(`${event.phase.padEnd(8)} ${event.folder}`);
      break;
    case "progress":
      progress.update(event);
      break;
    case "found":
      progress.stop();
      say(event.text);
      break;
    case "tuning":
      say(event.message);
      break;
    case "warning":
      process.stderr.write(`warning: ${event.message}\n`);
      break;
  }
}

/** Dawn ends the process if its thread does while it has work: the device goes first. */
async function close({ api, failed, end }: EngineClient): Promise<void> {
  await Promise.race([api.dispose(), failed]).catch(() => {});
  await end();
}

const say = (text: string) => process.stdout.write(`${text}\n`);
