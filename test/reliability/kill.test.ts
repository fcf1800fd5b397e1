import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Rng } from "../../src/random/rng.ts";
import { overrideArgs } from "../toy-conf.ts";
import { cases, damage } from "./damage.ts";
import { contentOf, supernetRun } from "./killed-run.ts";

/**
 * Runs are ended with SIGKILL at exact moments, started again, and leave the same files as one that was never cut off, times aside.
 * With `steps 1` a checkpoint follows each step, so that runs go on from the midst of epochs.
 */

const network = (section: string) => ({
  [`${section}.n_cells`]: 1,
  [`${section}.n_reductions`]: 0,
  [`${section}.cell.n_nodes`]: 1,
  [`${section}.model_stems.init_node_ch`]: 4,
});

const SMALL = overrideArgs({
  "dataset.train_size": 32,
  "dataset.test_size": 8,
  "common.checkpoint.steps": 1,
  ...network("nas.search.model_desc"),
  ...network("nas.eval.model_desc"),
  "nas.search.loader.train_batch": 4,
  "nas.search.loader.dataset.max_batches": 6,
  "nas.search.trainer.epochs": 2,
  "nas.eval.loader.train_batch": 4,
  "nas.eval.loader.dataset.max_batches": 3,
  "nas.eval.trainer.epochs": 2,
});

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-kill-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let runs = 0;
const newFolder = () => join(folder, `run${runs++}`);

/** A run that was never cut off. */
interface Whole {
  readonly args: readonly string[];
  readonly content: ReadonlyMap<string, string>;
  /** All that it passed, see kill-at.mjs. */
  readonly moments: readonly string[];
}

async function wholeRun(...args: string[]): Promise<Whole> {
  const [logdir, momentsTo] = [newFolder(), join(folder, `moments${runs}`)];
  const asked = [...SMALL, ...args];
  const { code, stderr } = await supernetRun(logdir, [...asked, "--resume", "auto"], { momentsTo });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const content = await contentOf(logdir);
  await rm(logdir, { recursive: true });
  return { args: asked, content, moments: (await readFile(momentsTo, "utf8")).trimEnd().split("\n") };
}

/** Ends runs at moments, one after the other in the same folder, and runs it to its end. */
async function survives({ args, content }: Whole, ...moments: string[]): Promise<void> {
  const logdir = newFolder();
  const algo = args[args.indexOf("--algos") + 1] ?? "darts";
  // Whoever requires something to go on from is refused where nothing was begun.
  const mode = () => {
    const begun = ["search", "eval"].some((phase) => existsSync(`${logdir}/${algo}_shapes_toy_${phase}/resume.json`));
    return ["--resume", begun ? "require" : "auto"];
  };
  for (const killAt of moments) {
    expect(await supernetRun(logdir, [...args, ...mode()], { killAt }), killAt).toMatchObject({ signal: "SIGKILL" });
  }
  const { code, stderr } = await supernetRun(logdir, [...args, ...mode()]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await contentOf(logdir)).toEqual(content);
  await rm(logdir, { recursive: true });
}

/** The moment at a place in a run, as kill-at.mjs is told it. */
function momentAt({ moments }: Whole, at: number): string {
  const moment = moments[at]!;
  return `${moments.slice(0, at + 1).filter((one) => one === moment).length} ${moment}`;
}

/** Moments of a kind between two others. */
function between({ moments }: Whole, kind: RegExp, from: string, to: string): number[] {
  const [start, end] = [moments.indexOf(from), moments.indexOf(to)];
  expect(start).toBeGreaterThanOrEqual(0);
  expect(end).toBeGreaterThan(start);
  return moments.flatMap((moment, at) => (at > start && at < end && kind.test(moment) ? [at] : []));
}

/** Draws so many of them, in their order, from all parts of the run. */
function drawn(places: readonly number[], count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [i, i + 1].map((part) => Math.floor((part * places.length) / count)) as [number, number];
    return places[from + new Rng(6, 0, i).randint(to - from)]!;
  });
}

/** Algorithms that train more than one network, and other states than darts'. */
const OTHERS: Readonly<Record<string, { readonly args: readonly string[]; readonly moments: RegExp }>> = {
  "a sweep": {
    args: overrideArgs({
      "nas.search.pareto.enabled": "True",
      "nas.search.pareto.max_cells": 3,
      "nas.search.pareto.max_reductions": 1,
      "nas.search.pareto.max_nodes": 2,
      "nas.search.model_desc.n_cells": 3,
      "nas.search.model_desc.n_reductions": 1,
      "nas.search.post_train.trainer.epochs": 1,
      "nas.search.post_train.loader.train_batch": 4,
      "nas.search.post_train.loader.dataset.max_batches": 4,
    }),
    moments: /^(submit|(half|renamed) .*(result\.yaml|post_train))/,
  },
  // Threads count their moments each for itself: only what one of them does is exact.
  "petridish with two workers": {
    args: [
      ...["--algos", "petridish", "--workers", "2"],
      ...overrideArgs({
        "dataset.train_size": 128,
        "dataset.test_size": 32,
        "nas.search.model_desc.n_cells": 3,
        "nas.search.model_desc.n_reductions": 1,
        "nas.eval.model_desc.n_cells": 8,
        "nas.search.seed_train.loader.dataset.max_batches": 4,
        "nas.search.post_train.loader.dataset.max_batches": 4,
        "nas.search.loader.dataset.max_batches": 4,
        "nas.search.trainer.epochs": 1,
        "nas.eval.trainer.epochs": 1,
      }),
    ],
    moments: /^(half|renamed) .*(checkpoint\.|_seed|_candidate|_child|model_desc_)/,
  },
  "random with two draws": {
    args: ["--algos", "random", ...overrideArgs({ "nas.search.random.seeds": 2 })],
    moments: /^(submit|(half|renamed) .*draw1)/,
  },
  xnas: { args: ["--algos", "xnas"], moments: /^submit/ },
  gs: { args: ["--algos", "gs"], moments: /^submit/ },
};

describe.runIf(cases(0, 1))("other algorithms", () => {
  test.each(Object.entries(OTHERS))("%s", async (name, { args, moments }) => {
    const whole = await wholeRun(...args);
    const { attempt } = damage("SIGKILL in other searches");
    const places = whole.moments.flatMap((moment, at) => (moments.test(moment) ? [at] : []));
    for (const at of drawn(places, cases(0, 6))) {
      await attempt(`${name}: ${momentAt(whole, at)}`, () => survives(whole, momentAt(whole, at)));
    }
    if (name !== "a sweep") return;
    const points = damage("SIGKILL at a point of a run");
    await points.attempt("between combinations of a sweep", () =>
      survives(whole, `2 renamed ${SEARCH}/models/1/3/1/0/result.yaml`),
    );
  });
});

const SEARCH = "darts_shapes_toy_search";
const EVAL = "darts_shapes_toy_eval";

describe("darts", () => {
  let whole: Whole;
  beforeAll(async () => {
    whole = await wholeRun();
  });

  test("leaves no checkpoint and nothing unfinished", () => {
    const names = [...whole.content.keys()].filter((name) => /checkpoint|\.tmp$/.test(name));
    expect(names).toEqual([]);
    expect(whole.moments.filter((moment) => moment.startsWith("renamed") && moment.includes("checkpoint")).length)
      // After each of three steps and each epoch, of two epochs and two phases.
      .toBeGreaterThanOrEqual(8);
  });

  test("killed at random steps", async () => {
    const { attempt } = damage("SIGKILL at a random step");
    const searching = between(
      whole,
      /^submit$/,
      `renamed ${SEARCH}/full_model_desc.yaml`,
      `half ${SEARCH}/final_model_desc.yaml`,
    );
    const evaluating = between(
      whole,
      /^submit$/,
      `renamed ${EVAL}/full_model_desc.yaml`,
      `half ${EVAL}/model.safetensors`,
    );
    const places = [...drawn(searching, cases(1, 20)), ...drawn(evaluating, cases(1, 10))];
    for (const at of places)
      await attempt(`${momentAt(whole, at)} of ${whole.moments.length}`, () => survives(whole, momentAt(whole, at)));
  });

  const POINTS = {
    "before search training": `1 renamed ${SEARCH}/full_model_desc.yaml`,
    "during search training": `4 renamed ${SEARCH}/checkpoint.arch_train.safetensors`,
    "after search training": `1 renamed ${SEARCH}/search_train_metrics.yaml`,
    "during finalization": `1 half ${SEARCH}/final_model_desc.yaml`,
    "between search and evaluation": `2 renamed ${SEARCH}/resume.json`,
    "before evaluation": `1 renamed ${EVAL}/full_model_desc.yaml`,
    "during evaluation": `4 renamed ${EVAL}/checkpoint.eval_train.safetensors`,
    "after evaluation": `1 renamed ${EVAL}/model.safetensors`,
  };
  const points = Object.entries(POINTS).filter(([name]) => cases(0, 1) > 0 || /between|after evaluation/.test(name));

  test("killed at the points of a run", async () => {
    const { attempt } = damage("SIGKILL at a point of a run");
    for (const [name, moment] of points) await attempt(name, () => survives(whole, moment));
  });

  test("killed while a file is written", async () => {
    const { attempt } = damage("SIGKILL while a file is written");
    // The temporary file is left over, and must not pile up.
    await attempt("checkpoint, and again", () =>
      survives(whole, `3 half ${SEARCH}/checkpoint.arch_train.safetensors`, `2 torn ${SEARCH}/log.log`),
    );
    const writes = whole.moments.flatMap((moment, at) => (moment === "submit" ? [] : [at]));
    for (const at of drawn(writes, cases(0, 30)))
      await attempt(momentAt(whole, at), () => survives(whole, momentAt(whole, at)));
  });
});
