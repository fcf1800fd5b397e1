import { beforeAll, describe, expect, test } from "vitest";
import { findAlgorithm } from "../../src/algos/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { SupernetError } from "../../src/errors.ts";
import { Logger } from "../../src/log/logger.ts";
import { engineTrainers } from "../../src/nas/engine-trainers.ts";
import type { TrainingControl } from "../../src/nas/training-control.ts";
import { Rng } from "../../src/random/rng.ts";
import { Gate } from "../../src/train/gate.ts";
import { FAULT_POINTS, type FaultPoint } from "../gpu/faulty-device.ts";
import { shapes, smallFinal } from "../gpu/small.ts";
import { timelessEpoch, timelessLines } from "../timeless.ts";
import { toyConf } from "../toy-conf.ts";
import { cases, damage } from "./damage.ts";
import { LosingSource, type Loss } from "./losing-source.ts";

// Devices are lost at every kind of call and at every stage of a training: what it comes to has the bits of one without a loss.

let dataset: Dataset;
beforeAll(async () => {
  dataset = await shapes(32, 8);
});

const OVERRIDES = {
  "nas.search.model_desc.n_cells": 1,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.cell.n_nodes": 1,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.loader.train_batch": 4,
  "nas.search.loader.dataset.max_batches": 6,
  "nas.search.trainer.epochs": 2,
  "nas.search.trainer.validation.freq": 1,
};

/** What a training comes to, times aside. */
interface Outcome {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly epochs: readonly unknown[];
  readonly confusion?: readonly (readonly number[])[] | undefined;
  readonly covariances?: unknown;
  /** What was told after each epoch. */
  readonly told?: readonly unknown[];
  readonly log: readonly string[];
}

/** A training on the devices of a source, which hears of its stages. What it warns of is added to `warnings`. */
type Train = (source: LosingSource, warnings: string[], control?: TrainingControl) => Promise<Outcome>;

/** Hears what a training tells. */
function listening(source: LosingSource, warnings: string[], control: TrainingControl = {}) {
  const texts: string[] = [];
  const logger = new Logger({
    writeText: async () => {},
    appendText: async (_, text) => void texts.push(text),
  });
  const own: TrainingControl = {
    ...control,
    onWarning: (message) => void warnings.push(message),
    onProgress(title, progress) {
      const { phase, epoch, batch, batches } = progress;
      if (batch === batches) source.reached(`${phase} ${epoch}`);
      control.onProgress?.(title, progress);
    },
  };
  /** The lines of the log, of which those that warn say what was told. */
  const log = async (section: string) => {
    await logger.close();
    const lines = timelessLines(texts.join(""));
    const warned = (line: string) => line.startsWith("WARNING");
    expect(lines.filter(warned)).toEqual(warnings.map((message) => `WARNING ${section} ${message}`));
    return lines.filter((line) => !warned(line));
  };
  return { hearing: { logger, control: own }, log };
}

/** A search. */
async function search(algo: string): Promise<Train> {
  const conf = (await toyConf(algo, OVERRIDES)).nas.search;
  const method = findAlgorithm(algo).method!;
  const desc = method.builder(conf).build(conf.model_desc);
  return async (source, warnings, control) => {
    const { hearing, log } = listening(source, warnings, control);
    const told: unknown[] = [];
    const onEpoch = (epoch: number, trained: unknown) => void told.push([epoch, trained]);
    const parts = { ...hearing, method, conf, dataset, seed: 3, onEpoch };
    const { run, values, covariances } = await engineTrainers(source).supernet(desc, parts);
    return { values, covariances, epochs: run.epochs.map(timelessEpoch), told, log: await log("arch_train") };
  };
}

/** An evaluation of three epochs, which counts in the end how images are classified. */
async function evaluation(images = dataset, batch = 4, batches = 6): Promise<Train> {
  const { search: searched, eval: evaluated } = (await toyConf("darts", OVERRIDES)).nas;
  const { loader } = searched;
  const desc = smallFinal(1, ["skip_connect", "max_pool_3x3"]);
  return async (source, warnings, control) => {
    const { hearing, log } = listening(source, warnings, control);
    const { run, values } = await engineTrainers(source).fixed(desc, {
      ...hearing,
      trainer: evaluated.trainer,
      loader: { ...loader, train_batch: batch, dataset: { ...loader.dataset, max_batches: batches } },
      dataset: images,
      seed: 3,
      section: "nas.eval.trainer",
      path: "eval",
      confusion: true,
    });
    const { confusion, epochs } = run;
    return { values, confusion, epochs: epochs.map(timelessEpoch), log: await log("eval_train") };
  };
}

/** The training without a loss, and how many calls of each kind its device has seen. */
async function undisturbed(train: Train) {
  const source = new LosingSource([]);
  const warnings: string[] = [];
  const outcome = await train(source, warnings);
  const calls = source.calls();
  await source.dispose();
  expect(warnings).toEqual([]);
  return { outcome, calls };
}

/** Trains on devices that are lost as planned; in the end nothing of them is open. */
async function disturbed(training: Train, losses: readonly Loss[], control?: TrainingControl) {
  const source = new LosingSource(losses);
  const warnings: string[] = [];
  const [trained] = await Promise.allSettled([training(source, warnings, control)]);
  const { lost, opened } = source;
  await source.dispose();
  return { trained, warnings, lost, opened };
}

const KINDS: Record<FaultPoint, string> = {
  submit: "device lost at a submit",
  mapAsync: "device lost while results are mapped",
  createComputePipelineAsync: "device lost while pipelines are made",
  createBuffer: "device lost while buffers are made",
  writeBuffer: "device lost while data are written",
  onSubmittedWorkDone: "device lost while work is waited for",
};

/** One loss. @returns what is told of it; undefined where the training has no such call */
async function survives(training: Train, expected: Outcome, loss: Loss): Promise<string | undefined> {
  const { trained, warnings, lost } = await disturbed(training, [loss]);
  if (lost === 0) return undefined;
  const { point, call, since = "the beginning" } = loss;
  await damage(KINDS[point]).attempt(`${point} ${call} since ${since}`, () => {
    expect(trained).toEqual({ status: "fulfilled", value: expected });
    expect(warnings).toHaveLength(lost);
  });
  return warnings[0];
}

/** Numbers of calls, each in one of so many equal parts of the training. */
function spread(calls: number, parts: number, rng: Rng): number[] {
  // Reports and snapshots go by the clock: no two trainings have all calls in common.
  const edge = (part: number) => Math.floor((0.7 * calls * part) / parts);
  return Array.from({ length: parts }, (_, part) => edge(part) + 1 + rng.randint(edge(part + 1) - edge(part)));
}

const GONE =
  /^the GPU device was lost: .+; going on with another device (from the beginning|after (step \d+ of )?epoch \d+)$/;

/** In the long form, of the trainings whose every call is not tried. */
const SOME = 8;

describe.each([
  ["darts", "every", { submit: 1, mapAsync: 1, createComputePipelineAsync: 1 }],
  ["didarts", "some", {}],
  ["xnas", "some", {}],
  ["divnas", "some", {}],
  ["evaluation", "every", { submit: 1, createBuffer: 1, writeBuffer: 1, onSubmittedWorkDone: 1 }],
] as const)("%s", (what, long, few: Partial<Record<FaultPoint, number>>) => {
  test.runIf(cases(Object.keys(few).length, 1))("goes on to the same bits on another device", async () => {
    const training = what === "evaluation" ? await evaluation() : await search(what);
    const { outcome, calls } = await undisturbed(training);
    const rng = new Rng(11, 0, what.length);
    for (const point of FAULT_POINTS) {
      const count = long === "some" ? cases(0, SOME) : (few[point] ?? 0);
      for (const call of spread(calls[point], count, rng)) {
        expect(await survives(training, outcome, { point, call }), `${point} ${call}`).toMatch(GONE);
      }
      if (long === "some" || !cases(0, 1)) continue;
      // Until there is no such call any more.
      for (let call = 1; await survives(training, outcome, { point, call }); call++);
    }
  });
});

/** An evaluation, and what it comes to. */
let once: Promise<{ training: Train; outcome: Outcome }> | undefined;
function evaluated() {
  const run = async () => {
    const training = await evaluation();
    return { training, outcome: (await undisturbed(training)).outcome };
  };
  once ??= run();
  return once;
}

describe("a device is lost", () => {
  test("while covariances are computed", async () => {
    const training = await search("divnas");
    const { outcome } = await undisturbed(training);
    const since = "validate 0";
    const told = await survives(training, outcome, { point: "submit", call: 2, since });
    expect(told).toMatchInlineSnapshot(
      `"the GPU device was lost: device was destroyed; going on with another device from the beginning"`,
    );
  });

  test("while it is validated on, and while the final results are counted and read", async () => {
    const { training, outcome } = await evaluated();
    const told = [];
    for (const [since, point, call] of [
      ["train 1", "submit", 1],
      // After the snapshot.
      ["validate 2", "submit", 2],
      ["validate 2", "mapAsync", 2],
    ] as const) {
      told.push(await survives(training, outcome, { point, call, since }));
    }
    expect(told).toMatchInlineSnapshot(`
      [
        "the GPU device was lost: device was destroyed; going on with another device after epoch 1",
        "the GPU device was lost: device was destroyed; going on with another device after epoch 3",
        "the GPU device was lost: device was destroyed; going on with another device after epoch 3",
      ]
    `);
  });

  test("after a snapshot in the midst of an epoch", async () => {
    const training = await evaluation(await shapes(240, 8), 2, 120);
    const { outcome } = await undisturbed(training);
    // Of 60; a snapshot is taken after 50, or before if the clock says so.
    const told = await survives(training, outcome, { point: "onSubmittedWorkDone", call: 57 });
    expect(told).toMatch(/; going on with another device after step \d+ of epoch 1$/);
  });

  test("again and again: with progress between it goes on, else it stops after the third", async () => {
    const { training, outcome } = await evaluated();
    const at = (since: string): Loss => ({ point: "submit", call: 1, since });
    const progress = await disturbed(training, [at("train 0"), at("train 0"), at("train 1"), at("train 1")]);
    const none = await disturbed(training, Array(3).fill({ point: "createComputePipelineAsync", call: 1 }));
    await damage("device lost several times in a row").attempt("four times in two epochs", () => {
      expect(progress.trained).toEqual({ status: "fulfilled", value: outcome });
      expect(progress.opened).toBe(5);
    });
    await damage("device lost several times in a row").attempt("three times before the first step", () => {
      expect(none.opened).toBe(3);
      expect(none.trained).toMatchObject({ status: "rejected", reason: { name: "SupernetError", code: "device" } });
      expect(none.trained).toMatchInlineSnapshot(`
        {
          "reason": [SupernetError: the GPU device was lost: device was destroyed; it was the first of 3 losses in a row; update the graphics driver, or use a smaller batch or more batch_chunks],
          "status": "rejected",
        }
      `);
    });
  });

  test("while the training is held: it takes another one when it goes on", async () => {
    const { training, outcome } = await evaluated();
    const source = new LosingSource([]);
    const warnings: string[] = [];
    let held = () => {};
    const standing = new Promise<void>((resolve) => {
      held = resolve;
    });
    const gate = new Gate({ onHeld: held });
    const onProgress = () => source.lost === 0 && gate.close();
    const trained = training(source, warnings, { gate, onProgress });
    await standing;
    source.engine.device.destroy();
    await source.engine.isLost();
    // Longer than it takes to open one.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const opened = source.opened;
    gate.open();
    const result = await trained;
    await source.dispose();
    await damage("device lost while a run is paused or stopped").attempt("paused", () => {
      expect(opened).toBe(1);
      expect(result).toEqual(outcome);
      expect(warnings).toHaveLength(1);
    });
  });

  test("while the training is stopped: it ends as it was told to", async () => {
    const { training } = await evaluated();
    const reason = new SupernetError("aborted", "the run was interrupted");
    for (const when of ["before", "after"] as const) {
      const stop = new AbortController();
      const source = new LosingSource([]);
      const onProgress = () => {
        const lose = () => source.engine.device.destroy();
        if (when === "after") lose();
        stop.abort(reason);
        lose();
      };
      const [trained] = await Promise.allSettled([training(source, [], { signal: stop.signal, onProgress })]);
      const { opened } = source;
      await source.dispose();
      await damage("device lost while a run is paused or stopped").attempt(`stopped, ${when} the loss`, () => {
        expect(trained).toEqual({ status: "rejected", reason });
        expect(opened).toBe(1);
      });
    }
  });
});
