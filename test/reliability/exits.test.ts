import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ensureBuild } from "../../scripts/build.mjs";
import { Rng } from "../../src/random/rng.ts";
import { overrideArgs } from "../toy-conf.ts";
import { Command, type Ended, SMALLEST } from "./command.ts";
import { cases, damage } from "./damage.ts";

/** How processes of `supernet run` end: on their own, of an error, of a signal at any moment. */
const WITHIN_MS = 2000;
/** Without waiting for anything; the system still has to take the process's memory back. */
const AT_ONCE_MS = 500;

/** All that an interrupted run says, if it has begun and has the time. */
const INTERRUPTED = /^(interrupted: the same command with --resume auto goes on from here\n)?$/;

let signalled = 0;
const nextSignal = (): NodeJS.Signals => (signalled++ % 2 === 0 ? "SIGINT" : "SIGTERM");

let folder: string;
beforeAll(async () => {
  // Not within the time of the first run.
  await ensureBuild();
  folder = await mkdtemp(join(tmpdir(), "supernet-exits-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const running = new Set<Command>();
afterEach(() => {
  for (const command of running) command.kill("SIGKILL");
  running.clear();
});

let runs = 0;
/** A run into a folder of its own below `folder`. */
function start(args: readonly string[] = [], env?: NodeJS.ProcessEnv): { command: Command; logdir: string } {
  const logdir = join(folder, String(runs++));
  const command = new Command(["run", "--common.logdir", logdir, ...SMALLEST, ...args], env);
  running.add(command);
  return { command, logdir };
}

/** No file is half written, and no process left. */
async function expectWhole(logdir: string, { died, orphans }: Ended): Promise<void> {
  expect(orphans, "processes that outlive the command").toBe(false);
  const files = await readdir(logdir, { recursive: true }).catch(() => []);
  if (!died) expect(files.filter((name) => name.endsWith(".tmp"))).toEqual([]);
  for (const name of files.filter((name) => name.endsWith(".yaml"))) {
    expect(parse(await readFile(join(logdir, name), "utf8")), name).toBeTypeOf("object");
  }
}

/** The run of all others: how long it takes, and what it leaves. */
let whole: { readonly ms: number; readonly ended: Ended; readonly logdir: string };
beforeAll(async () => {
  const { command, logdir } = start();
  const ended = await command.ended;
  whole = { ms: performance.now() - command.started, ended, logdir };
});

describe("without a signal", () => {
  const quietly = damage("process exit on success or error");

  it("a run that succeeds ends with code 0", () =>
    quietly.attempt("success", async () => {
      expect(whole.ended).toMatchObject({ code: 0, stderr: "" });
      await expectWhole(whole.logdir, whole.ended);
    }));

  const file = () => join(folder, "file");
  const dataroot = (name: string) => ["--dataset.dataroot", join(folder, name)];
  it.each([
    [
      "a bad conf",
      /^error\[config\]: --nas.search.trainer.epochs: /,
      () => ["--nas.search.trainer.epochs", "many"],
      {},
    ],
    [
      "a missing data set",
      /^error\[data\]: .*: neither /,
      () => ["--allow-unknown", "--datasets", "cifar10", ...dataroot("none")],
      {},
    ],
    [
      "no adapter",
      /^error\[device\]: no WebGPU adapter found: /,
      () => [],
      { VK_DRIVER_FILES: "/none.json", VK_ICD_FILENAMES: "/none.json" },
    ],
    [
      "a network that does not fit",
      /^error\[device\]: /,
      () => ["--nas.search.model_desc.model_stems.init_node_ch", "40000"],
      {},
    ],
    ["a folder that cannot be made", /^error\[io\]: cannot /, () => ["--common.logdir", join(file(), "log")], {}],
    ["nothing to evaluate", /^error\[io\]: nothing to evaluate: /, () => ["--no-search"], {}],
    [
      "nothing to go on from",
      /^error\[io\]: .* has left nothing to go on from: check --exp-prefix and the log folder, or /,
      () => ["--resume", "require"],
      {},
    ],
  ] as const)("%s ends it with code 1 and one message", (label, message, args, env) =>
    quietly.attempt(label, async () => {
      await writeFile(file(), "");
      const { command, logdir } = start(args(), env);
      const ended = await command.ended;
      expect(ended.stderr).toMatch(message);
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(1);
      expect(ended.code).toBe(1);
      await expectWhole(logdir, ended);
    }),
  );

  it("a reader that goes away ends it with code 0", () =>
    quietly.attempt("closed pipe", async () => {
      const { command, logdir } = start();
      await command.printed("search   ");
      command.closeStdout();
      const ended = await command.ended;
      expect(ended.code).toBe(0);
      expect(ended.stderr).toMatch(INTERRUPTED);
      await expectWhole(logdir, ended);
    }));
});

/** Ends within two seconds with the signal's code; or with 0 where the run was over by itself. */
async function expectInterrupted(logdir: string, signal: NodeJS.Signals, ended: Ended): Promise<void> {
  expect(ended.stderr).toMatch(INTERRUPTED);
  const finished = ended.code === 0 && ended.stdout.includes("test top1");
  if (!finished) expect(ended.code).toBe(128 + constants.signals[signal]);
  if (ended.endedAfter !== undefined) expect(ended.endedAfter).toBeLessThan(WITHIN_MS);
  await expectWhole(logdir, ended);
}

const MANY_EPOCHS = ["--nas.search.trainer.epochs", "1000"];
const LARGE = overrideArgs({ "nas.search.model_desc.n_cells": 8, "nas.search.model_desc.cell.n_nodes": 4 });
const TWO_WORKERS = ["--algos", "petridish", "--workers", "2", "--no-eval"];

/** What the run is doing, and what it has printed by then. */
const STAGES: readonly (readonly [moment: string, printed: string, args: readonly string[]])[] = [
  ["while it reads", "adapter", []],
  ["while it compiles", "search   ", []],
  ["while it trains", "arch_train epoch 2/1000 validated", MANY_EPOCHS],
  ["while two workers train", "seed_train epoch 1/1 trained", TWO_WORKERS],
  ["while two workers compile", "search   ", TWO_WORKERS],
  ["while it validates", "arch_train epoch 2/1000 trained", MANY_EPOCHS],
  ["between the phases", "validation top1", []],
  ["while it evaluates", "eval     ", []],
];

describe("a signal ends the run within two seconds", () => {
  const signals = damage("SIGINT or SIGTERM at each stage");

  it.each(STAGES.slice(0, cases(4, STAGES.length)))("%s", async (moment, text, args) => {
    // Both signals go the same way: in the short form they take turns.
    for (const signal of [nextSignal(), nextSignal()].slice(0, cases(1, 2))) {
      await signals.attempt(`${signal} ${moment}`, async () => {
        const { command, logdir } = start(args);
        await command.printed(text);
        command.kill(signal);
        await expectInterrupted(logdir, signal, await command.ended);
      });
    }
  });

  it("at a random moment", async () => {
    const rng = new Rng(Number(process.env.FUZZ_SEED ?? 6), 0);
    const random = damage("SIGINT or SIGTERM at a random moment");
    for (let i = 0; i < cases(1, 30); i++) {
      const signal = nextSignal();
      const ms = Math.round(rng.uniform01() * whole.ms);
      await random.attempt(`${signal} after ${ms} of ${Math.round(whole.ms)} ms`, async () => {
        const { command, logdir } = start();
        await sleep(ms);
        command.kill(signal);
        await expectInterrupted(logdir, signal, await command.ended);
      });
    }
  });

  it("and a second one at once", async () => {
    const second = damage("a second Ctrl-C");
    for (const ms of [30, 100, 300].slice(0, cases(1, 3))) {
      await second.attempt(`${ms} ms after the first`, async () => {
        // What is being compiled cannot be ended: the first one waits for it, and this takes longer than the second one takes.
        const { command, logdir } = start(LARGE);
        await command.printed("search   ");
        await sleep(200);
        command.kill("SIGINT");
        await sleep(ms);
        expect(command.kill("SIGINT"), "the first one was enough").toBe(true);
        const ended = await command.ended;
        await expectInterrupted(logdir, "SIGINT", ended);
        expect(ended.endedAfter).toBeLessThan(AT_ONCE_MS);
      });
    }
  });
});
