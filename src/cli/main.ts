import { Command, CommanderError } from "commander";
import { SupernetError } from "../errors.ts";
import { endProcess, installInterrupt, isEnding } from "../host/node/interrupt.ts";
import { packageVersion } from "../host/node/package-root.ts";
import { registerBench } from "./bench.ts";
import { registerCompare } from "./compare.ts";
import { registerConfig } from "./config.ts";
import { registerDesc } from "./desc.ts";
import { registerDevices } from "./devices.ts";
import { registerRun } from "./run.ts";

/** Exit codes: an error the user can act on, a wrong command line, a bug of this program (EX_SOFTWARE of sysexits). */
const EXIT = { error: 1, usage: 2, bug: 70 } as const;

function buildProgram(): Command {
  const program = new Command("supernet")
    .description("Neural architecture search on WebGPU")
    .version(packageVersion())
    .showHelpAfterError("(supernet --help lists the commands)")
    // Subcommands inherit it, so it must be set before any is registered.
    .exitOverride();
  registerRun(program);
  registerCompare(program);
  registerDevices(program);
  registerConfig(program);
  registerDesc(program);
  registerBench(program);
  return program;
}

async function main(args: string[]): Promise<number> {
  try {
    await buildProgram().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (isEnding()) return 0;
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    if (error instanceof SupernetError) {
      process.stderr.write(`error[${error.code}]: ${error.message}\n`);
      return EXIT.error;
    }
    reportBug(error);
    return EXIT.bug;
  }
}

function reportBug(error: unknown): void {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`this is a bug in supernet, please report it:\n${stack}\n`);
}

function exitWithBug(error: unknown): void {
  reportBug(error);
  void endProcess(EXIT.bug, "SIGKILL");
}

installInterrupt();
process.on("uncaughtException", exitWithBug);
process.on("unhandledRejection", exitWithBug);
// A reader that went away ("supernet devices | head") is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) =>
  error.code === "EPIPE" ? void endProcess(0, "SIGKILL") : exitWithBug(error),
);

// What an interrupt has cut off fails, or ends: the interrupt ends the process, with a code of its own.
const code = await main(process.argv.slice(2));
// Not left to Node: a forgotten timer or native handle must not keep a finished command alive.
if (!isEnding()) process.stdout.write("", () => process.exit(code));
