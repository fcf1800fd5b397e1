import { spawn } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ComparedRun } from "../../src/report/comparison.ts";
import { mean, sampleDeviation } from "../../src/report/statistics.ts";

/** `supernet compare` as users start it. */
const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");

const SMALL = [
  ["dataset.train_size", 64],
  ["dataset.test_size", 16],
  ["nas.search.model_desc.cell.n_nodes", 1],
  ["nas.search.loader.train_batch", 8],
  ["nas.search.loader.dataset.max_batches", 2],
  ["nas.search.trainer.epochs", 1],
  ["nas.eval.model_desc.model_stems.init_node_ch", 4],
  ["nas.eval.loader.train_batch", 8],
  ["nas.eval.loader.dataset.max_batches", 2],
  ["nas.eval.trainer.epochs", 1],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

let logdir: string;
beforeAll(async () => {
  logdir = await mkdtemp(join(tmpdir(), "supernet-compare-"));
});
afterAll(() => rm(logdir, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  /** Errors of the program alone. */
  readonly errors: string[];
}

function compare(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [SUPERNET, "compare", ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) =>
      resolve({ code, stdout, errors: stderr.split("\n").filter((line) => /^error|bug/.test(line)) }),
    );
  });
}

const tiny = (...args: string[]) =>
  compare("--algos", "darts,random", "--seeds", "2", "--common.logdir", logdir, ...SMALL, ...args);

const folder = () => join(logdir, "compare_darts-random_shapes_toy");

const runsOf = async () =>
  (JSON.parse(await readFile(join(folder(), "comparison.json"), "utf8")) as { runs: ComparedRun[] }).runs;

let first: Ended;
beforeAll(async () => {
  first = await tiny();
});

describe("a comparison of two algorithms with two seeds", () => {
  test("runs each, and says what is equal and what is not", async () => {
    expect({ code: first.code, errors: first.errors }).toEqual({ code: 0, errors: [] });
    const runs = ["darts", "random"].flatMap((algo) => [0, 1].map((seed) => `${algo}_shapes_toy_seed${seed}`));
    const folders = runs.flatMap((name) => [`${name}_eval`, `${name}_search`]);
    expect((await readdir(logdir)).sort()).toEqual(["compare_darts-random_shapes_toy", ...folders].sort());
    expect(first.stdout.match(/^(un)?equal .*$/gm)?.map((line) => line.split(/ {2,}/)[0])).toEqual([
      "equal",
      "unequal",
      "unequal",
    ]);
  });

  test("keeps a table, a line and an object for each run, and a plot", async () => {
    expect((await readdir(folder())).sort()).toEqual([
      "comparison.csv",
      "comparison.json",
      "comparison.txt",
      "shapes.svg",
    ]);
    const runs = await runsOf();
    const top1 = runs.flatMap(({ algo, outcome }) => ("error" in outcome || algo !== "darts" ? [] : [outcome.top1]));
    const [middle, deviation] = [mean(top1), sampleDeviation(top1)!].map((value) => (100 * value).toFixed(2));
    const table = await readFile(join(folder(), "comparison.txt"), "utf8");
    expect(table).toMatch(new RegExp(`^darts +shapes +2 +${middle} ± ${deviation} `, "m"));
    expect(first.stdout).toContain(table.slice(table.indexOf("algorithm ")));
    for (const { outcome } of runs) {
      expect(outcome).toMatchObject({ searchSeconds: expect.any(Number), evalSeconds: expect.any(Number) });
    }
  });

  test("--resume runs again only what has not ended, and ends the same", async () => {
    const before = await runsOf();
    const kept = join(logdir, "darts_shapes_toy_seed0_eval", "run.json");
    const written = (await stat(kept)).mtimeMs;
    await rm(join(logdir, "random_shapes_toy_seed1_eval", "run.json"));
    const { code, stdout } = await tiny("--resume");
    expect(code).toBe(0);
    expect(stdout.match(/^kept .*$/gm)).toHaveLength(3);
    expect((await stat(kept)).mtimeMs).toBe(written);
    const figures = (runs: readonly ComparedRun[]) =>
      runs.map(({ outcome }) => "top1" in outcome && [outcome.top1, outcome.params, outcome.macs]);
    expect(figures(await runsOf())).toEqual(figures(before));
  });

  test("an algorithm that fails leaves the others alone, and the exit code says so", async () => {
    // Without images that drive the alphas a supernet cannot be searched; random search has none.
    const { code, stdout, errors } = await tiny("--seeds", "1", "--nas.search.loader.val_ratio", "0.0");
    expect(code).toBe(1);
    expect(stdout).toMatch(/^darts +shapes +0 of 1 +failed /m);
    expect(stdout).toMatch(/^random +shapes +1 +\d/m);
    expect(stdout).toMatch(
      /^darts on shapes, seed 0, failed: the search cannot use shapes, .*: a search needs images that drive the alphas/m,
    );
    expect(errors).toEqual(["error[config]: 1 of 2 runs failed: see the lines below the table"]);
  });
});

test.each([
  ["--common.seed", "3"],
  ["--seeds", "none"],
  ["--algos", "darts,radnom"],
])("%s %s is refused before anything is written", async (...args) => {
  const { code, stdout, errors } = await compare("--common.logdir", join(logdir, "nothing"), ...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(errors).toHaveLength(1);
  await expect(stat(join(logdir, "nothing"))).rejects.toThrow("ENOENT");
});
