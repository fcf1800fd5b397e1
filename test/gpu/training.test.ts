import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import type { Dataset } from "../../src/data/dataset.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { bilevel } from "../../src/nas/bilevel-optimizer.ts";
import { evaluationFeeds, type LoaderConf, searchFeeds } from "../../src/nas/feeds.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { Network } from "../../src/train/network.ts";
import type { Progress } from "../../src/train/progress.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { testEngine } from "./engine.ts";
import { floats, held, PLAIN, randomBatches, shapes, smallFinal, smallSupernet, tensorsOf } from "./small.ts";

const VALIDATED = { ...PLAIN, validation: { freq: 1, lossfn: PLAIN.lossfn } };
const ALPHAS = {
  alpha_optimizer: { type: "adam", lr: 3e-3, betas: [0.5, 0.999] },
  alpha_lr_schedule: { type: "" },
};
const desc = smallFinal();
let engine: Engine;
let dataset: Dataset;

beforeAll(async () => {
  engine = await testEngine();
  dataset = await shapes(200, 30);
});
afterEach(() => vi.restoreAllMocks());

const loader = (batch: number, valRatio = 0): LoaderConf =>
  ({
    train_batch: batch,
    test_batch: batch,
    val_ratio: valRatio,
    cutout: 8,
    dataset: { name: "shapes", n_classes: 10, max_batches: -1 },
  }) as LoaderConf;

/** Everything of a device that makes objects, encoders of commands excepted. */
const CREATORS = [
  "createBindGroup",
  "createBindGroupLayout",
  "createBuffer",
  "createComputePipeline",
  "createComputePipelineAsync",
  "createPipelineLayout",
  "createQuerySet",
  "createSampler",
  "createShaderModule",
  "createTexture",
] as const;

/** Counts the objects that the device makes from now on. */
function countCreated({ device }: Engine): () => number {
  const spies = CREATORS.map((name) => vi.spyOn(device, name));
  return () => spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
}

describe("the steady state", () => {
  test("200 steps and their validation passes make no GPU object and free all when disposed", async () => {
    const start = held(engine);
    const created = countCreated(engine);
    const feeds = evaluationFeeds({ engine, dataset, loader: loader(4), chunks: 1, seed: 1 });
    const network = new Network(engine, desc, {
      ...{ batch: 4, height: 32, width: 32, affine: true, dropPath: "sampled" as const },
    });
    network.initialise(1);
    const seen: { liveBuffers: number; liveBytes: number; created: number }[] = [];
    const look = () => seen.push({ ...held(engine), created: created() });
    const trainer = await Trainer.create({
      network,
      conf: { ...VALIDATED, epochs: 4, grad_clip: 5, drop_path_prob: 0.2 },
      seed: 1,
      train: feeds.train,
      validation: feeds.validation,
      snapshots: { tell: () => {} },
      onStep: async () => void look(),
    });
    const records = await trainer.fit(() => void look());
    expect(records.map(({ train, val }) => [train.averages.samples, val?.averages.samples])).toEqual(
      Array(4).fill([200, 30]),
    );
    expect(seen).toHaveLength(204);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1);
    // The counters count: all there is was made before the first step.
    expect(seen[0]!.created).toBeGreaterThan(100);
    expect(seen[0]!.liveBuffers).toBeGreaterThan(start.liveBuffers);
    trainer.dispose();
    network.dispose();
    feeds.dispose();
    expect(held(engine)).toEqual(start);
  });

  test("30 bi-level steps in chunks likewise", async () => {
    const start = held(engine);
    const feeds = searchFeeds({ engine, dataset, loader: loader(4, 0.5), chunks: 2, seed: 1, alphasApart: true });
    const network = new Network(engine, smallSupernet(1, 1), {
      ...{ batch: 2, height: 32, width: 32, affine: false, dropPath: "none" as const },
    });
    network.initialise(1);
    const created = countCreated(engine);
    const seen: { liveBuffers: number; liveBytes: number; created: number }[] = [];
    const abort = new AbortController();
    const trainer = await Trainer.create({
      network,
      conf: { ...VALIDATED, ...ALPHAS, epochs: 2, batch_chunks: 2, grad_clip: 5 },
      seed: 1,
      train: feeds.train,
      validation: feeds.validation,
      hook: bilevel(feeds.alphas!),
      signal: abort.signal,
      onStep: async (step) => {
        seen.push({ ...held(engine), created: created() });
        if (step === 29) abort.abort("enough");
      },
    });
    await expect(trainer.fit()).rejects.toBe("enough");
    expect(seen).toHaveLength(30);
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(seen[0]!.created).toBeGreaterThan(100);
    trainer.dispose();
    network.dispose();
    feeds.dispose();
    expect(held(engine)).toEqual(start);
  });
});

describe("a seed", () => {
  /** Bits of all parameters after two epochs of 3 steps. */
  async function bits(seeds: { init: number; data: number; steps: number }): Promise<string> {
    const small = { ...dataset, train: { ...dataset.train, count: 24, labels: dataset.train.labels.slice(0, 24) } };
    const feeds = evaluationFeeds({ engine, dataset: small, loader: loader(8), chunks: 1, seed: seeds.data });
    const network = new Network(engine, desc, {
      ...{ batch: 8, height: 32, width: 32, affine: true, dropPath: "sampled" as const },
    });
    network.initialise(seeds.init);
    const conf = { ...VALIDATED, epochs: 2, drop_path_prob: 0.3 };
    const { train, validation } = feeds;
    const trainer = await Trainer.create({ network, conf, seed: seeds.steps, train, validation });
    await trainer.fit();
    const values = await network.save();
    trainer.dispose();
    network.dispose();
    feeds.dispose();
    return [...values].map(([name, data]) => `${name} ${Buffer.from(data.slice().buffer).toString("hex")}`).join("\n");
  }

  test("decides every bit of a run: start, order of the images, augmentation and dropped paths", async () => {
    const seeds = { init: 1, data: 1, steps: 1 };
    const first = await bits(seeds);
    expect(await bits(seeds)).toBe(first);
    expect(await bits({ ...seeds, init: 2 })).not.toBe(first);
    expect(await bits({ ...seeds, data: 2 })).not.toBe(first);
    expect(await bits({ ...seeds, steps: 2 })).not.toBe(first);
  });
});

/** A trainer on fixed batches, and what frees it. */
async function onFixed(batches: readonly FixedBatch[], conf: TrainerConf, more: object = {}) {
  const [n, , height, width] = batches[0]!.shape;
  const network = new Network(engine, desc, {
    ...{ batch: n / conf.batch_chunks, height, width, affine: true, dropPath: "none" as const },
  });
  network.initialise(5);
  const train = new FixedFeed(engine, batches, conf.batch_chunks);
  const trainer = await Trainer.create({ network, conf, seed: 0, train, ...more });
  const dispose = () => {
    trainer.dispose();
    network.dispose();
    train.dispose();
  };
  return { trainer, network, dispose };
}

test("a network learns a few images by heart", async () => {
  const epochs = 40;
  const { trainer, dispose } = await onFixed(randomBatches(1, [8, 3, 8, 8], 1), { ...PLAIN, epochs });
  const losses = (await trainer.fit()).map(({ train }) => train.averages.loss);
  expect(losses[0]).toBeGreaterThan(1.8);
  expect(losses.at(-1)).toBeLessThan(0.3);
  dispose();
});

describe("a batch in chunks", () => {
  const [batch] = randomBatches(1, [8, 3, 8, 8], 2);
  const half = (at: number): FixedBatch => ({
    x: Array.prototype.slice.call(batch!.x, at * 4 * 192, (at + 1) * 4 * 192),
    y: Array.prototype.slice.call(batch!.y, at * 4, (at + 1) * 4),
    shape: [4, 3, 8, 8],
  });

  /** Gradients of all weights after one step, and the loss. */
  async function gradients(batches: readonly FixedBatch[], conf: Partial<TrainerConf>) {
    const { trainer, dispose } = await onFixed(batches, { ...PLAIN, ...conf });
    const [{ train }] = (await trainer.fit()) as [Awaited<ReturnType<Trainer["runEpoch"]>>];
    const tensors = await tensorsOf(engine, trainer.update.gradient.weights);
    const values = [...tensors.values()].flatMap((data) => [...data]);
    dispose();
    return { values, loss: train.averages.loss };
  }

  test("has the mean of its chunks' gradients, and the reference's quirk their sum", async () => {
    const first = await gradients([half(0)], {});
    const second = await gradients([half(1)], {});
    const differ = first.values.filter((value, at) => value !== second.values[at]);
    expect(differ.length).toBeGreaterThan(100);
    // Halves are exact and a sum of two is rounded once, so every bit is known; adding zero makes -0 and 0 equal.
    const sums = first.values.map((value, at) => Math.fround(value + second.values[at]!) + 0);
    const halves = first.values.map((value, at) => Math.fround(value / 2 + second.values[at]! / 2) + 0);
    const averaged = await gradients([batch!], { batch_chunks: 2 });
    expect(averaged.values.map((value) => value + 0)).toEqual(halves);
    expect(averaged.loss).toBeCloseTo((first.loss + second.loss) / 2, 6);
    const added = await gradients([batch!], { batch_chunks: 2, reference_quirks: true });
    expect(added.values.map((value) => value + 0)).toEqual(sums);
  });

  test("tells its chunks apart, and the schedule of drop path", async () => {
    const conf = { ...PLAIN, epochs: 3, batch_chunks: 2, drop_path_prob: 0.6 };
    const { trainer, dispose } = await onFixed([batch!], conf);
    const write = vi.spyOn(trainer.step, "write");
    await trainer.fit();
    const told = write.mock.calls.map(([chunks]) => chunks);
    expect(told.map((chunks) => chunks.map(({ sampleStart, valid }) => [sampleStart, valid]))).toEqual(
      Array(3).fill([
        [0, 4],
        [4, 4],
      ]),
    );
    expect(told.map(([chunk]) => [chunk!.step, chunk!.dropPath!.toFixed(6)])).toEqual([
      [0, "0.000000"],
      [1, "0.200000"],
      [2, "0.400000"],
    ]);
    dispose();
  });
});

test("drop path keeps the mean, and draws anew for every edge, chunk and step", async () => {
  const start = held(engine);
  const [samples, edges, steps, dropPath] = [256, 2, 12, 0.3];
  const builder = new GraphBuilder();
  for (let index = 0; index < edges; index++) {
    builder.output(`mask${index}`, builder.add("drop_path_mask", [], { index, samples }));
  }
  const workspace = new Workspace(engine.buffers);
  const program = new Program(engine, builder.build(), workspace);
  const uniform = new StepUniform(engine.device, engine.buffers, 2);
  const bound = await program.bind({ arenas: { params: {}, grads: {}, next: {} }, inputs: {}, step: uniform.buffer });
  const masks: string[] = [];
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    uniform.write([0, samples].map((sampleStart) => ({ seed: 9, step, dropPath, sampleStart })));
    for (let chunk = 0; chunk < 2; chunk++) {
      const encoder = engine.device.createCommandEncoder();
      uniform.use(encoder, chunk);
      bound.encode(encoder);
      engine.device.queue.submit([encoder.finish()]);
      for (let index = 0; index < edges; index++) {
        const mask = (await floats(engine, program.output(`mask${index}`))).subarray(0, samples);
        for (const value of mask) expect(value === 0 || Math.abs(value - 1 / (1 - dropPath)) < 1e-6).toBe(true);
        sum += mask.reduce((total, value) => total + value, 0);
        masks.push(mask.join());
      }
    }
  }
  expect(new Set(masks).size).toBe(steps * 2 * edges);
  const draws = masks.length * samples;
  // Variance of a draw is p / (1 - p); four standard deviations of the mean.
  expect(Math.abs(sum / draws - 1)).toBeLessThan(4 * Math.sqrt(dropPath / (1 - dropPath) / draws));
  bound.dispose();
  uniform.dispose();
  program.dispose();
  workspace.dispose();
  expect(held(engine)).toEqual(start);
});

describe("a signal", () => {
  const batches = randomBatches(6, [4, 3, 8, 8], 3);

  test("ends a run before its next step, with the signal's reason, and all can be freed", async () => {
    const start = held(engine);
    const abort = new AbortController();
    const reason = new Error("stopped by hand");
    const steps: number[] = [];
    const onStep = async (step: number) => {
      steps.push(step);
      if (step === 2) abort.abort(reason);
    };
    const { trainer, dispose } = await onFixed(batches, PLAIN, { onStep, signal: abort.signal });
    await expect(trainer.fit()).rejects.toBe(reason);
    expect(steps).toEqual([0, 1, 2]);
    dispose();
    expect(held(engine)).toEqual(start);
    // The device is none the worse.
    await engine.device.queue.onSubmittedWorkDone();
    engine.check();
  });

  test("ends a run before its first step", async () => {
    const steps: number[] = [];
    const onStep = async (step: number) => void steps.push(step);
    const abort = new AbortController();
    const { trainer, dispose } = await onFixed(batches, PLAIN, { onStep, signal: abort.signal });
    abort.abort("no");
    await expect(trainer.fit()).rejects.toBe("no");
    expect(steps).toEqual([]);
    dispose();
  });

  test("ends the preparation of a run without waiting for it, and nothing is left", async () => {
    const start = held(engine);
    const abort = new AbortController();
    const network = new Network(engine, desc, { batch: 4, height: 8, width: 8, affine: true, dropPath: "none" });
    const [train, validation] = [new FixedFeed(engine, batches), new FixedFeed(engine, batches)];
    const creating = Trainer.create({ network, conf: VALIDATED, seed: 0, train, validation, signal: abort.signal });
    abort.abort("no");
    await expect(creating).rejects.toBe("no");
    for (const owned of [network, train, validation]) owned.dispose();
    await expect.poll(() => held(engine)).toEqual(start);
    // What was under way has done nothing to buffers that were gone.
    await engine.device.queue.onSubmittedWorkDone();
    engine.check();
  });

  test("ends a validation pass", async () => {
    const abort = new AbortController();
    const told: string[] = [];
    const onProgress = ({ phase, batch, batches: all }: Progress) => {
      told.push(phase);
      if (phase === "train" && batch === all) abort.abort("enough");
    };
    const validation = new FixedFeed(engine, batches);
    const more = { onProgress, validation, signal: abort.signal };
    const { trainer, dispose } = await onFixed(batches, VALIDATED, more);
    await expect(trainer.fit()).rejects.toBe("enough");
    expect(told).not.toContain("validate");
    dispose();
    validation.dispose();
  });
});
