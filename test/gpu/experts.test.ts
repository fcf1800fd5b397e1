import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { regretRate } from "../../src/algos/xnas/horizon.ts";
import { xnas } from "../../src/algos/xnas/index.ts";
import { ExpertOptimizer } from "../../src/nas/expert-optimizer.ts";
import type { SearchConf } from "../../src/nas/search-method.ts";
import { alphasName } from "../../src/ops/mixture.ts";
import { updateXnasAlphas } from "../../src/ops/xnas-update.ts";
import { Rng } from "../../src/random/rng.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { Arena, ArenaLayout } from "../../src/runtime/webgpu/arena.ts";
import { type BoundDispatch, Engine, encodePass } from "../../src/runtime/webgpu/engine.ts";
import { type ExpertUpdate, startExperts, updateExperts } from "../../src/runtime/webgpu/experts.ts";
import { packStep, STEP_BYTES } from "../../src/runtime/webgpu/step.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { lossSettings } from "../../src/train/loss-settings.ts";
import { Network } from "../../src/train/network.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { newEngine, testEngine } from "./engine.ts";
import { toyExperiment } from "./experiment.ts";
import { floats, held, PLAIN, randomBatches, smallExperts, tensorsOf } from "./small.ts";

const shareOf = (alphas: readonly number[]): number[] => {
  const sum = alphas.reduce((total, alpha) => total + alpha, 0);
  return alphas.map((alpha) => alpha / sum);
};

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

interface Run {
  readonly vectors: number;
  readonly size: number;
  readonly steps: number;
  readonly strength: number;
  readonly evict: boolean;
  readonly shares: boolean;
  readonly seed: number;
}

/** Arenas of `vectors` vectors of experts, weights from 0.1 to 1.1, and the step uniform. */
function expertsOn(on: Engine, { vectors, size, seed }: Pick<Run, "vectors" | "size" | "seed">) {
  const names = Array.from({ length: vectors }, (_, index) => `alphas ${index}`);
  const params = names.map((name) => {
    return { name, role: "alphas", shape: [size], init: { kind: "constant", value: 1 } } as const;
  });
  const layout = new ArenaLayout(params, "alphas");
  const arena = (label: string) => new Arena(on.buffers, layout, label);
  const experts = { weights: arena("weights"), logs: arena("logs"), gradient: arena("gradient") };
  const step = on.buffers.uniform("step", STEP_BYTES);
  const rng = new Rng(seed, 0);
  const draw = (low: number, high: number) =>
    names.map(() => Array.from(Float32Array.from({ length: size }, () => low + (high - low) * rng.uniform01())));
  const write = (to: Arena, values: readonly number[][]) =>
    on.device.queue.writeBuffer(to.buffer, 0, layout.pack(new Map(names.map((name, i) => [name, values[i]!]))));
  const submit = async (dispatches: readonly BoundDispatch[]) => {
    const { kernels, dispose } = await on.kernels(dispatches, "experts");
    const encoder = on.device.createCommandEncoder();
    encodePass(encoder, kernels);
    on.device.queue.submit([encoder.finish()]);
    dispose();
  };
  const dispose = () => {
    for (const { buffer } of Object.values(experts)) on.buffers.destroy(buffer);
    on.buffers.destroy(step);
  };
  return { names, experts, step, draw, write, submit, dispose };
}

/** A run of updates on the device against `updateXnasAlphas` in double precision. @returns how many experts were evicted */
async function checkRun(on: Engine, run: Run): Promise<number> {
  const bench = expertsOn(on, run);
  try {
    return await checkOn(on, run, bench);
  } finally {
    bench.dispose();
  }
}

async function checkOn(on: Engine, run: Run, bench: ReturnType<typeof expertsOn>): Promise<number> {
  const { names, experts, step, draw, write, submit } = bench;
  const total = 3 * run.steps;
  const bound = run.strength;
  const rate = regretRate(total, bound);
  const update: ExpertUpdate = {
    names,
    rate,
    evictBy: run.evict ? bound : undefined,
    shares: run.shares,
    updates: 3,
    total,
    done: 3,
  };
  let alphas = draw(0.1, 1.1);
  write(experts.weights, alphas);
  await submit([startExperts(on.tuning, experts)]);
  for (let at = 0; at < run.steps; at++) {
    const gradient = draw(-3 * bound, 3 * bound);
    write(experts.gradient, gradient);
    on.device.queue.writeBuffer(step, 0, packStep({ step: at }));
    await submit(updateExperts(on.tuning, experts, update, step));
    const settings = { eta: rate, gradClip: bound, t: 3 * (at + 1), total, evict: run.evict };
    alphas = alphas.map((vector, i) => {
      const rewards = gradient[i]!.map((g) => -g);
      const kept = updateXnasAlphas(vector, rewards, { ...settings, evict: false });
      // Where rounding decides who is evicted there is nothing to compare.
      const threshold = Math.max(...kept) * Math.exp(-2 * rate * bound * (total - settings.t));
      const close = (alpha: number) => alpha > 0 && alpha < Math.max(...kept) && Math.abs(alpha / threshold - 1) < 1e-4;
      fc.pre(!run.evict || !kept.some(close));
      return updateXnasAlphas(vector, rewards, settings);
    });
  }
  const got = experts.weights.layout.unpack(await floats(on, experts.weights));
  alphas.forEach((vector, i) => {
    const want = run.shares ? shareOf(vector) : vector;
    const largest = Math.max(...want);
    // Each update rounds a logarithm of at most `reach`; what an exponential makes of that is relative.
    const reach = 3 + rate * bound * total;
    const tolerance = 2 ** -23 * (8 + 2 * run.steps) * reach * largest;
    want.forEach((alpha, op) => {
      const actual = got.get(names[i]!)![op]!;
      if (!(Math.abs(actual - alpha) <= tolerance)) expect.fail(`expert ${op} of ${i} is ${actual}, not ${alpha}`);
      if (alpha === 0) expect(actual).toBe(0);
    });
  });
  return alphas.flat().filter((alpha) => alpha === 0).length;
}

const runs: fc.Arbitrary<Run> = fc.record({
  vectors: fc.constantFrom(1, 3, 40, 300),
  size: fc.integer({ min: 1, max: 9 }),
  steps: fc.integer({ min: 1, max: 5 }),
  strength: fc.constantFrom(0.1, 1, 5),
  evict: fc.boolean(),
  shares: fc.boolean(),
  seed: fc.integer({ min: 0, max: 1000 }),
});

describe("updates of experts", () => {
  test.each(["software", "gpu"] as const)("follow the formula with the settings of %s", async (kind) => {
    const on = kind === "software" ? engine : new Engine({ device: engine.device, kind });
    let evicted = 0;
    const property = fc.asyncProperty(runs, async (run) => {
      evicted += await checkRun(on, run);
    });
    await fc.assert(property, { numRuns: 25, seed: 3 });
    expect(evicted).toBeGreaterThan(0);
  });

  test("neither overflow nor forget over long runs", async () => {
    const { names, experts, step, write, submit, dispose } = expertsOn(engine, { vectors: 1, size: 4, seed: 1 });
    const update = { names, rate: 1, evictBy: undefined, shares: true, updates: 1, total: 100, done: 1 };
    write(experts.weights, [[1, 1, 1, 1]]);
    await submit([startExperts(engine.tuning, experts)]);
    const run = async (gradient: number[]) => {
      write(experts.gradient, [gradient]);
      await submit(updateExperts(engine.tuning, experts, update, step));
      return Array.from((await floats(engine, experts.weights)).subarray(0, 4), (share) => Number(share.toFixed(4)));
    };
    // e^-600 is nothing in 32 bits, yet the rewards that undo it bring it back.
    for (let time = 0; time < 3; time++) await run([-200, 0, 0, -200]);
    expect(await run([-200, 0, 0, -200])).toEqual([0.5, 0, 0, 0.5]);
    for (let time = 0; time < 4; time++) await run([200, 0, 0, 200]);
    expect(await run([0, 0, 0, 0])).toEqual([0.25, 0.25, 0.25, 0.25]);
    dispose();
  });

  test("leave evicted experts evicted, whatever they are rewarded with", async () => {
    const { names, experts, step, write, submit, dispose } = expertsOn(engine, { vectors: 1, size: 3, seed: 1 });
    const update = { names, rate: 1, evictBy: 1, shares: true, updates: 1, total: 1, done: 1 };
    write(experts.weights, [[1, 1, 0]]);
    await submit([startExperts(engine.tuning, experts)]);
    write(experts.gradient, [[-1, 0, -5]]);
    await submit(updateExperts(engine.tuning, experts, update, step));
    write(experts.gradient, [[0, -1000, -1000]]);
    await submit(updateExperts(engine.tuning, experts, update, step));
    expect(Array.from((await floats(engine, experts.weights)).subarray(0, 3))).toEqual([1, 0, 0]);
    dispose();
  });
});

const [BATCH, SIZE, STEPS] = [4, 8, 3];
const desc = smallExperts();
const train = randomBatches(STEPS, [BATCH, 3, SIZE, SIZE], 1);
const val = randomBatches(2, [BATCH, 3, SIZE, SIZE], 2);

/** The bound cuts some rewards of these batches. */
const CONF: TrainerConf = { ...PLAIN, grad_clip: 0.02 };

const confOf = (trainer: TrainerConf, evict: boolean): SearchConf =>
  ({ trainer, xnas: { to_evict: evict } }) as unknown as SearchConf;

/** A batch cut into chunks. */
function cut({ x, y, shape: [n, c, h, w] }: FixedBatch, chunks: number): FixedBatch[] {
  const size = n / chunks;
  return Array.from({ length: chunks }, (_, chunk) => ({
    x: Array.prototype.slice.call(x, chunk * size * c * h * w, (chunk + 1) * size * c * h * w),
    y: Array.prototype.slice.call(y, chunk * size, (chunk + 1) * size),
    shape: [size, c, h, w],
  }));
}

describe("XNAS's step", () => {
  test.each([
    [1, true],
    [2, false],
  ])("in %d parts, evicting %s: alphas follow the rewards of a whole validation batch", async (chunks, evict) => {
    const before = held(engine);
    const conf = { ...CONF, batch_chunks: chunks };
    const search = confOf(conf, evict);
    const shape = {
      ...xnas.method!.mixtures!(search),
      batch: BATCH / chunks,
      height: SIZE,
      width: SIZE,
      affine: false,
      dropPath: "none" as const,
    };
    const network = new Network(engine, desc, shape);
    network.initialise(3);
    const graph = trainingGraph(desc, shape, { ...lossSettings(conf), gradients: ["alphas"], runningStats: true });
    const unclipped = trainingGraph(
      desc,
      { ...shape, rewards: { clip: 1e6 } },
      { ...lossSettings(conf), gradients: ["alphas"], runningStats: false },
    );
    const feeds = [train, val].map((batches) => new FixedFeed(engine, batches, chunks));
    // Two cells share their alphas.
    const total = STEPS * BATCH * 2;
    const eta = regretRate(total, CONF.grad_clip);
    let state = await network.save();
    let steps = 0;
    let cuts = 0;
    const trainer = await Trainer.create({
      network,
      conf,
      seed: 0,
      train: feeds[0]!,
      hook: xnas.method!.hook!(search, feeds[1]!),
      onStep: async (step) => {
        expect(trainer.hook).toBeInstanceOf(ExpertOptimizer);
        const params = Object.fromEntries(state);
        // The shorter validation set starts over.
        const parts = cut(val[step % val.length]!, chunks);
        const results = parts.map(({ x, y }) => evaluateReference(graph, { inputs: { x, y }, params }));
        const free = parts.map(({ x, y }) => evaluateReference(unclipped, { inputs: { x, y }, params }));
        const alphas = await tensorsOf(engine, network.arenas.alphas);
        for (const [name, actual] of alphas) {
          const gradient = (of: typeof results) =>
            of.map((result) => result.get(`grad/${name}`)!).reduce((sum, one) => sum.map((g, i) => g + one[i]!));
          if (gradient(results).some((g, i) => Math.abs(g - gradient(free)[i]!) > 1e-6)) cuts++;
          const settings = { eta, gradClip: CONF.grad_clip, t: (step + 1) * BATCH * 2, total, evict };
          const rewards = gradient(results).map((g) => -g);
          const expected = shareOf(updateXnasAlphas(state.get(name)!, rewards, settings));
          // Rewards are good to 2e-6 of their bound, as in bilevel.test.ts; there are at most BATCH * 2.
          const bound = eta * CONF.grad_clip * BATCH * 2 * 2e-6 + 2 ** -20;
          expected.forEach((alpha, op) => {
            if (!(Math.abs(actual[op]! - alpha) <= bound)) expect.fail(`${name}[${op}] is ${actual[op]}, not ${alpha}`);
          });
          expect(gradient(results)[7], "none is rewarded with nothing").toBe(0);
          expect(actual[7]).not.toBe(state.get(name)![7]);
        }
        state = await network.save();
        steps++;
      },
    });
    const { liveBuffers } = engine.buffers;
    await trainer.fit();
    expect(steps).toBe(STEPS);
    expect(cuts, "some rewards are cut").toBeGreaterThan(0);
    expect(engine.buffers.liveBuffers).toBe(liveBuffers);
    trainer.dispose();
    network.dispose();
    for (const feed of feeds) feed.dispose();
    expect(held(engine)).toEqual(before);
  });

  test("leaves the running statistics to the weight step", async () => {
    const search = confOf(CONF, false);
    const shape = { batch: BATCH, height: SIZE, width: SIZE, affine: false, dropPath: "none" as const };
    const statistics = async (hooked: boolean) => {
      const network = new Network(engine, desc, { ...shape, ...xnas.method!.mixtures!(search) });
      network.initialise(3);
      const feeds = [train.slice(0, 1), val].map((batches) => new FixedFeed(engine, batches));
      const hook = hooked ? xnas.method!.hook!(search, feeds[1]!) : undefined;
      const conf = { ...CONF, optimizer: { type: "sgd", lr: 0, momentum: 0 } };
      const trainer = await Trainer.create({ network, conf, seed: 0, train: feeds[0]!, hook });
      await trainer.fit();
      const first = [...network.params].find(({ role }) => role === "state")!.name;
      const result = (await network.save(["state"])).get(first)!;
      trainer.dispose();
      network.dispose();
      for (const feed of feeds) feed.dispose();
      return result;
    };
    // The first batch norm reads nothing that alphas decide: only passes over images could move it.
    expect(await statistics(true)).toEqual(await statistics(false));
  });
});

/** Two cells are enough to have alphas of their own, or to share them. */
const TWO_CELLS = { "nas.search.model_desc.n_cells": 2, "nas.search.model_desc.n_reductions": 0 };

test("a toy search ends and repeats bit for bit", async () => {
  const overrides = {
    ...TWO_CELLS,
    "nas.search.loader.train_batch": 8,
    "nas.search.loader.dataset.max_batches": 4,
    "nas.search.xnas.to_evict": true,
  };
  const run = async () => {
    const own = await newEngine();
    const { runner } = await toyExperiment(own, "xnas", overrides);
    const { supernet, found } = await runner.search();
    expect(own.buffers.liveBuffers).toBe(0);
    return { alphas: supernet!.alphas, found };
  };
  const first = await run();
  expect(await run()).toEqual(first);
  for (const values of first.alphas.values()) {
    const shares = Array.from(values);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(new Set(shares).size, "the ops have been told apart").toBeGreaterThan(1);
  }
});

test("a toy search as the reference does it gives every cell alphas of its own", async () => {
  const { runner } = await toyExperiment(engine, "xnas", {
    ...TWO_CELLS,
    "nas.search.loader.train_batch": 4,
    "nas.search.loader.dataset.max_batches": 2,
    "nas.search.trainer.reference_quirks": true,
  });
  const { supernet, found } = await runner.search();
  const { cellDescs } = supernet!.desc;
  expect(cellDescs.map(({ trainablesFrom }) => trainablesFrom)).toEqual(cellDescs.map(({ id }) => id));
  const firsts = cellDescs.map(({ id }) => Array.from(supernet!.alphas.get(alphasName(id, 0, 0))!));
  expect(new Set(firsts.map(String)).size).toBe(cellDescs.length);
  // Plain products: nothing rewards `none`.
  expect(firsts.map((alphas) => alphas[7])).toEqual(cellDescs.map(() => 1));
  expect(found.cellDescs[0]!.nodes[0]!.edges.length).toBeGreaterThan(0);
});
