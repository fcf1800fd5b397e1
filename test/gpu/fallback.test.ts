import type { Alphas } from "../../src/ops/mixture.ts";
import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { darts } from "../../src/algos/darts/index.ts";
import { didarts } from "../../src/algos/didarts/index.ts";
import { DivnasModelDescBuilder } from "../../src/algos/divnas/builder.ts";
import { divnas } from "../../src/algos/divnas/index.ts";
import { gs } from "../../src/algos/gs/index.ts";
import { xnas } from "../../src/algos/xnas/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { modelTensors } from "../../src/export/model.ts";
import { readSafetensors, writeSafetensors } from "../../src/export/safetensors.ts";
import { Logger } from "../../src/log/logger.ts";
import { ArchTrainer } from "../../src/nas/arch-trainer.ts";
import { Classifier } from "../../src/nas/classifier.ts";
import { onlyEngine } from "../../src/nas/engine-source.ts";
import { engineTrainers } from "../../src/nas/engine-trainers.ts";
import { fallbackTrainers, trainFixedFallback, trainSupernetFallback } from "../../src/nas/fallback.ts";
import { FallbackClassifier } from "../../src/nas/fallback-classifier.ts";
import { trainFixed } from "../../src/nas/fixed-training.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { FallbackNetwork } from "../../src/train/fallback/network.ts";
import type { EpochRecord, RunRecord } from "../../src/train/metrics.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { toyConf } from "../toy-conf.ts";
import { testEngine } from "./engine.ts";
import { shapes, smallExperts, smallFinal, smallSupernet } from "./small.ts";

// The same run on the engine and on TensorFlow.js: same images, same start, same formulas. Losses drift apart as rounding
// does, so runs are short.

const OVERRIDES = {
  "nas.search.loader.train_batch": 4,
  "nas.search.loader.test_batch": 4,
  "nas.search.trainer.epochs": 1,
  "nas.eval.loader.train_batch": 4,
  "nas.eval.loader.test_batch": 4,
  "nas.eval.trainer.epochs": 2,
};

const SIZE = 8;
let dataset: Dataset;
let engine: Engine;
const silent = () => new Logger({ writeText: async () => {}, appendText: async () => {} });

beforeAll(async () => {
  await tf.setBackend("cpu");
  const { train, test, ...rest } = await shapes(16, 6);
  const [height, width] = [SIZE, SIZE];
  const trainTransform = { pad: 1, flip: true };
  dataset = { ...rest, height, width, trainTransform, train: middle(train, rest), test: middle(test, rest) };
  engine = await testEngine();
});

/** The middle of each image. */
function middle(
  split: Dataset["train"],
  { height, width, channels }: Omit<Dataset, "train" | "test">,
): Dataset["train"] {
  const images = new Uint8Array(split.count * SIZE * SIZE * channels);
  const [top, left] = [(height - SIZE) / 2, (width - SIZE) / 2];
  let at = 0;
  for (let image = 0; image < split.count; image++) {
    for (let y = 0; y < SIZE; y++) {
      const from = ((image * height + top + y) * width + left) * channels;
      images.set(split.images.subarray(from, from + SIZE * channels), at);
      at += SIZE * channels;
    }
  }
  return { ...split, images };
}

const confOf = (more: Readonly<Record<string, unknown>>) => toyConf("darts", { ...OVERRIDES, ...more });

let tensors = 0;
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors, "tensors that a run leaves behind").toBe(tensors);
});

const figures = ({ epochs }: RunRecord) =>
  epochs.map(({ train, val, startLr, endLr }: EpochRecord) => ({
    lr: [startLr, endLr],
    steps: [train.steps, val?.steps],
    train: train.averages,
    last: train.lastStep,
    val: val?.averages,
  }));

function expectAlike(actual: RunRecord, expected: RunRecord): void {
  const [got, want] = [figures(actual), figures(expected)];
  expect(got.length).toBe(want.length);
  want.forEach((epoch, index) => {
    const own = got[index]!;
    expect(own.lr).toEqual(epoch.lr);
    expect(own.steps).toEqual(epoch.steps);
    for (const pass of ["train", "last", ...(epoch.val ? (["val"] as const) : [])] as const) {
      expect(own[pass]?.samples, pass).toBe(epoch[pass]?.samples);
      expect(Math.abs(own[pass]!.loss - epoch[pass]!.loss), `${pass} loss of epoch ${index}`).toBeLessThan(1e-4);
    }
  });
  expect(Number.isFinite(want[0]!.train.loss) && want[0]!.train.loss > 1).toBe(true);
}

/** Largest difference between two sets of parameters. */
function distance(a: ReadonlyMap<string, ArrayLike<number>>, b: ReadonlyMap<string, ArrayLike<number>>): number {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  return Math.max(
    ...[...b].map(([name, values]) =>
      Array.from(values).reduce((most, value, at) => Math.max(most, Math.abs(value - a.get(name)![at]!)), 0),
    ),
  );
}

/** Moves the alphas by their gradient, where Adam would hide how large it is. */
const GRADIENT = { type: "sgd", lr: 1, momentum: 0, nesterov: false } as const;

const IN_CHUNKS_WITHOUT_VALIDATION = { "nas.search.trainer.batch_chunks": 2, "nas.search.loader.val_ratio": 0 };

describe("a search", () => {
  test.each([
    ["of second order", darts, {}],
    ["of first order", darts, { "nas.search.trainer.second_order": false }],
    ["in chunks", darts, { "nas.search.trainer.batch_chunks": 2 }],
    ["at one level, clipped", didarts, { "nas.search.trainer.grad_clip": 0.5 }],
    ["at one level, in chunks, nothing validated", didarts, IN_CHUNKS_WITHOUT_VALIDATION],
    ["through samples", gs, { "nas.search.trainer.epochs": 2 }],
  ])("%s on TensorFlow.js is the engine's", async (_, { method }, more) => {
    const { search } = (await confOf(more)).nas;
    const alphaOptimizer = { ...search.trainer.alpha_optimizer!, ...GRADIENT };
    const trainer = { ...search.trainer, alpha_optimizer: alphaOptimizer };
    const conf = { ...search, gs: { temperature: 2, min_temperature: 0.5 }, trainer };
    const desc = smallSupernet(1, 1, method!.builder(conf));
    const common = { method: method!, conf, dataset, seed: 5, control: {} };
    const want = await new ArchTrainer(onlyEngine(engine), { ...common, logger: silent() }).fit(desc);
    const epochs: Alphas[] = [];
    const got = await trainSupernetFallback(desc, {
      ...common,
      logger: silent(),
      onEpoch: (_, { alphas }) => epochs.push(alphas),
    });
    expectAlike(got.run, want.run);
    expect(epochs.at(-1)).toEqual(got.alphas);
    expect(epochs).toHaveLength(want.run.epochs.length);
    expect(distance(got.alphas, want.alphas)).toBeLessThan(1e-5);
    expect(got.run).toMatchObject({ title: want.run.title, path: want.run.path, loggerFreq: want.run.loggerFreq });
  });
});

test("a search whose candidates would have to be compared is refused before it begins", async () => {
  const conf = { ...(await confOf({})).nas.search, finalizer: "mi" } as const;
  const parts = { method: divnas.method!, conf, dataset, seed: 5, control: {}, logger: silent() };
  const desc = new DivnasModelDescBuilder().build({ ...MODEL_DESC, n_cells: 1, n_reductions: 0 });
  await expect(trainSupernetFallback(desc, parts)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: without WebGPU there is no finalizer "mi", which compares the candidates' results; set nas.search.finalizer to random (or default, where alphas are trained), or choose a browser with WebGPU]`,
  );
});

test("a search without alphas trains the weights on TensorFlow.js as on the engine", async () => {
  const { search } = (await confOf({})).nas;
  const conf = { ...search, finalizer: "random", divnas: { sigma: 1, archtrainer: "noalpha" } } as const;
  const parts = { method: divnas.method!, conf, dataset, seed: 5, control: {}, logger: silent() };
  const desc = new DivnasModelDescBuilder().build({ ...MODEL_DESC, n_cells: 1, n_reductions: 0 });
  const got = await trainSupernetFallback(desc, parts);
  expectAlike(got.run, (await new ArchTrainer(onlyEngine(engine), parts).fit(desc)).run);
  expect(got.alphas.size).toBe(0);
});

const ADAM = {
  "nas.eval.trainer.optimizer.type": "adam",
  "nas.eval.trainer.optimizer.lr": 0.001,
  "nas.eval.trainer.optimizer.decay_bn": 0,
};

test.each([
  ["plainly", {}],
  ["with drop path, in chunks", { "nas.eval.trainer.drop_path_prob": 0.4, "nas.eval.trainer.batch_chunks": 2 }],
  ["by Adam", ADAM],
])("an evaluation %s on TensorFlow.js is the engine's", async (_, more) => {
  const { trainer, loader } = (await confOf(more)).nas.eval;
  const section = "nas.eval.trainer";
  const parts = { section, trainer, loader, dataset, seed: 9, path: "eval_arch", confusion: true };
  const desc = smallFinal();
  const want = await trainFixed(onlyEngine(engine), desc, { ...parts, control: {}, logger: silent() });
  const told: string[] = [];
  const got = await trainFixedFallback(desc, {
    ...parts,
    logger: silent(),
    control: {
      onPreparing: (title) => told.push(`${title} preparing`),
      onProgress: (title, { phase, batch, batches }) => told.push(`${title} ${phase} ${batch}/${batches}`),
    },
  });
  expectAlike(got.run, want.run);
  expect(got.params).toEqual(want.params);
  expect(distance(got.values, want.values)).toBeLessThan(1e-5);
  expect(got.run.confusion).toEqual(want.run.confusion);
  const { steps } = want.run.epochs[0]!.val!;
  expect(told[0]).toBe(`${trainer.title} preparing`);
  // In between, progress is told as often as a page can show it.
  const ends = told.filter((line) => line.endsWith(" 4/4") || line.endsWith(` validate ${steps}/${steps}`));
  expect(ends).toEqual(
    [0, 1].flatMap(() => [`${trainer.title} train 4/4`, `${trainer.title} validate ${steps}/${steps}`]),
  );
});

test("images kept back validate alike on both", async () => {
  const { trainer, loader } = (await confOf({ "nas.eval.loader.val_ratio": 0.5 })).nas.eval;
  const parts = {
    section: "nas.search.post_train.trainer",
    trainer,
    loader,
    dataset,
    seed: 9,
    path: "post_train",
    validateOn: "kept back" as const,
    control: {},
  };
  const want = await trainFixed(onlyEngine(engine), smallFinal(), { ...parts, logger: silent() });
  const got = await trainFixedFallback(smallFinal(), { ...parts, logger: silent() });
  expectAlike(got.run, want.run);
  // Half of the 16 that train; there are 6 to test.
  expect(want.run.epochs.map(({ val }) => val?.averages.samples)).toEqual([8, 8]);
});

test.each([false, true])(
  "a network classifies alike on both, and its cost is measured, trained with drop path: %s",
  async (dropPath) => {
    const desc = smallFinal();
    const shape = { batch: 1, height: SIZE, width: SIZE, affine: true, dropPath: dropPath ? "off" : "none" } as const;
    const network = new FallbackNetwork(desc, shape);
    network.initialise(7);
    const weights = writeSafetensors(modelTensors(network.params, await network.save()));
    network.dispose();
    const { channels, mean, std } = dataset;
    const image = { channels, height: SIZE, width: SIZE };
    const parts = { desc, tensors: readSafetensors(weights, "model.safetensors"), image, mean, std, dropPath };
    const planes = Float32Array.from({ length: channels * SIZE * SIZE }, (_, i) => (i % 17) / 17);
    const [own, engines] = [new FallbackClassifier(parts), await Classifier.create(engine, parts)];
    const [got, want] = [await own.classify(planes), await engines.classify(planes)];
    own.dispose();
    engines.dispose();
    expect(got).toEqual(want.map((probability) => expect.closeTo(probability, 5)));
    expect(new Set(want).size).toBeGreaterThan(1);
    const before = engine.buffers.liveBytes;
    const [cost, measured] = [
      await fallbackTrainers.inferenceCost(parts, {}),
      await engineTrainers(onlyEngine(engine)).inferenceCost(parts, {}),
    ];
    expect(engine.buffers.liveBytes).toBe(before);
    expect(cost).toEqual({ seconds: expect.any(Number) });
    expect(measured).toEqual({ seconds: expect.any(Number), bytes: expect.any(Number) });
    expect(Math.min(cost.seconds, measured.seconds, measured.bytes!)).toBeGreaterThan(0);
    const stop = AbortSignal.abort(new Error("stopped"));
    await expect(engineTrainers(onlyEngine(engine)).inferenceCost(parts, { signal: stop })).rejects.toThrow("stopped");
    const wrong = { ...parts, tensors: new Map() };
    expect(() => new FallbackClassifier(wrong)).toThrow(/is missing/);
  },
);

test("a method that TensorFlow.js has nothing alike for is refused before anything is read", async () => {
  const { search } = (await confOf({})).nas;
  const parts = { control: {}, dataset, seed: 1, logger: silent(), method: xnas.method!, conf: search };
  await expect(trainSupernetFallback(smallExperts(), parts)).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: without WebGPU only darts, didarts, gs, random and manual run; choose one of them, or a browser with WebGPU]`,
  );
});
