import { type Command, Option } from "commander";
import { SupernetError } from "../errors.ts";
import type { Phase } from "../nas/phase.ts";
import type { EngineClient } from "../worker/client-node.ts";
import type { ResumeMode, RunRequest } from "../worker/protocol.ts";
import { atLeast } from "./at-least.ts";
import { namesOf, runShown, sayAdapter, withEngine } from "./running.ts";
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
  readonly resume?: ResumeMode;
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
    .addOption(
      new Option(
        "--resume <mode>",
        "what to do with what a run of the same name has left: begin anew (fresh), go on from it (require), or go on from it " +
          "if it is there (auto); default: what the conf's resume keys say",
      ).choices(["fresh", "require", "auto"] satisfies ResumeMode[]),
    )
    .addOption(tune)
    .addOption(tuneFile)
    .option("--allow-unknown", "skip overrides that name nothing in the conf")
    .allowUnknownOption()
    .action(async (overrides: string[], flags: RunFlags) => {
      const wanted = requests(overrides, flags);
      await withEngine((engine) => runAll(wanted, engine));
    });
}

/** Every algorithm on every data set. @throws SupernetError("config") for what leaves nothing to do or says nothing */
function requests(overrides: string[], flags: RunFlags): RunRequest[] {
  const { algos, datasets, full, expPrefix: prefix, allowUnknown, workers, resume } = flags;
  if (!flags.search && !flags.eval) {
    throw new SupernetError("config", "--no-search and --no-eval leave nothing to do; give one of them");
  }
  const phases: Phase[] = [...(flags.search ? (["search"] as const) : []), ...(flags.eval ? (["eval"] as const) : [])];
  const common = { full, overrides, allowUnknown, prefix, phases, tune: tuneRequest(flags), workers, resume };
  return namesOf(algos).flatMap((algo) => namesOf(datasets).map((dataset) => ({ algo, dataset, ...common })));
}

async function runAll(wanted: readonly RunRequest[], { api, failed }: EngineClient): Promise<void> {
  // All are checked before the first one runs: a mistyped name must not show up hours later.
  for (const request of wanted) await Promise.race([api.resolve(request), failed]);
  for (const request of wanted) {
    await Promise.race([sayAdapter(api), failed]);
    await Promise.race([runShown(request, api), failed]);
  }
}
