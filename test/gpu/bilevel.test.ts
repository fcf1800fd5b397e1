import { beforeAll, describe, expect, test } from "vitest";
import { SupernetError } from "../../src/errors.ts";
import type { Graph } from "../../src/graph/types.ts";
import { type BilevelOptimizer, bilevel } from "../../src/nas/bilevel-optimizer.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { lossSettings } from "../../src/train/loss-settings.ts";
import { Network } from "../../src/train/network.ts";
import { optimizerSpec } from "../../src/train/optimizers/index.ts";
import { clipFactor, referenceOptimizer } from "../../src/train/optimizers/reference.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { testEngine } from "./engine.ts";
import { floats, held, PLAIN, randomBatches, smallSupernet, tensorsOf } from "./small.ts";

/**
 * The paper's formulas in double precision, from the state the device is in before each step, so that errors do not add up.
 *
 * Bounds. One run of a program is good to RUN of the largest element of a gradient: rounding of 6e-8 an operation, through some
 * dozens of ops, amplified by batch norms. The hessian term subtracts two such gradients and divides by 2ε:
 * its error is ξ (δ+ + δ-) / (2ε), some ten times more than the rest.
 */
const RUN = 2e-6;

const CONF: TrainerConf = {
  ...PLAIN,
  grad_clip: 0.5,
  optimizer: { type: "sgd", lr: 0.1, momentum: 0.9, decay: 3e-3 },
  alpha_optimizer: { type: "adam", lr: 0.01, betas: [0.5, 0.999], decay: 1e-3 },
  alpha_lr_schedule: { type: "" },
};
const XI = 0.1;
const [BATCH, SIZE, STEPS] = [4, 8, 2];

type Vectors = ReadonlyMap<string, ArrayLike<number>>;
/** What a step starts from. */
interface State {
  readonly weights: Vectors;
  readonly alphas: Vectors;
  readonly momentum: Vectors;
  /** Running statistics. */
  readonly statistics: Vectors;
}
/** Results of the device, and what they must be. */
interface AlphaStep {
  readonly dw: Vectors;
  readonly norm: number;
  readonly epsilon: number;
  readonly plus: Vectors;
  readonly minus: Vectors;
  readonly hessian: Vectors;
  readonly gradient: Vectors;
  /** Largest error that rounding explains, of `gradient`. */
  readonly bound: number;
}

const desc = smallSupernet(2, 1);
const train = randomBatches(STEPS, [BATCH, 3, SIZE, SIZE], 1);
const val = randomBatches(STEPS, [BATCH, 3, SIZE, SIZE], 2);
let engine: Engine;

beforeAll(async () => {
  engine = await testEngine();
});

const combine = (vectors: Vectors, value: (name: string, at: number) => number): Map<string, Float64Array> =>
  new Map(
    [...vectors].map(([name, data]) => [name, Float64Array.from({ length: data.length }, (_, at) => value(name, at))]),
  );
const of = (vectors: Vectors, name: string, at: number): number => vectors.get(name)![at]!;
const all = (vectors: Vectors): number[] => [...vectors.values()].flatMap((data) => Array.from(data));
const largest = (vectors: Vectors): number => all(vectors).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
const norm = (vectors: Vectors): number => Math.sqrt(all(vectors).reduce((sum, value) => sum + value * value, 0));

/** Largest difference of two sets of vectors. */
function distance(actual: Vectors, expected: Vectors): number {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  return largest(combine(expected, (name, at) => of(actual, name, at) - of(expected, name, at)));
}

/** Gradients of the mean loss over a batch, by double-precision definition. */
function gradients(graph: Graph, { x, y }: FixedBatch, weights: Vectors, alphas: Vectors) {
  const params = Object.fromEntries([...weights, ...alphas, ...unused(graph)]);
  const results = evaluateReference(graph, { inputs: { x, y }, params });
  const pick = (vectors: Vectors): Vectors =>
    new Map([...vectors.keys()].map((key) => [key, results.get(`grad/${key}`)!]));
  return { weights: pick(weights), alphas: pick(alphas) };
}

/** Running statistics, which training mode does not read. */
const unused = (graph: Graph): [string, Float64Array][] =>
  graph.params
    .filter(({ role }) => role === "state")
    .map(({ name, shape }) => [name, new Float64Array(shape.reduce((a, b) => a * b, 1))]);

/** Liu et al. 2019, equations 7 and 8, of one chunk. */
function alphaStep(graph: Graph, trainBatch: FixedBatch, valBatch: FixedBatch, state: State): AlphaStep {
  const { weights, alphas, momentum } = state;
  const { decay = 0, momentum: mu = 0 } = CONF.optimizer;
  const g = gradients(graph, trainBatch, weights, alphas).weights;
  const moved = combine(weights, (name, at) => {
    const w = of(weights, name, at);
    return w - XI * (mu * of(momentum, name, at) + of(g, name, at) + decay! * w);
  });
  const atMoved = gradients(graph, valBatch, moved, alphas);
  const dw = atMoved.weights;
  const length = norm(dw);
  const epsilon = 0.01 / length;
  const along = (sign: number) => {
    const shifted = combine(weights, (name, at) => of(weights, name, at) + sign * epsilon * of(dw, name, at));
    return gradients(graph, trainBatch, shifted, alphas).alphas;
  };
  const plus = along(1);
  const minus = along(-1);
  const hessian = combine(alphas, (name, at) => (of(plus, name, at) - of(minus, name, at)) / (2 * epsilon));
  const gradient = combine(alphas, (name, at) => of(atMoved.alphas, name, at) - XI * of(hessian, name, at));
  const bound = RUN * (largest(atMoved.alphas) + (XI * (largest(plus) + largest(minus))) / (2 * epsilon));
  return { dw, norm: length, epsilon, plus, minus, hessian, gradient, bound };
}

const mean = (parts: readonly Vectors[]): Vectors =>
  combine(parts[0]!, (name, at) => parts.reduce((sum, part) => sum + of(part, name, at), 0) / parts.length);

/** A batch cut into chunks. */
function cut({ x, y, shape: [n, c, h, w] }: FixedBatch, chunks: number): FixedBatch[] {
  const size = n / chunks;
  return Array.from({ length: chunks }, (_, chunk) => ({
    x: Array.prototype.slice.call(x, chunk * size * c * h * w, (chunk + 1) * size * c * h * w),
    y: Array.prototype.slice.call(y, chunk * size, (chunk + 1) * size),
    shape: [size, c, h, w],
  }));
}

interface Run {
  readonly network: Network;
  readonly trainer: Trainer;
  readonly hook: BilevelOptimizer;
  readonly state: () => Promise<State>;
}

/** Trains STEPS steps; `check` sees the device after each, with the state before it. */
async function run(conf: TrainerConf, check: (step: number, run: Run, before: State) => Promise<void>): Promise<void> {
  const before = held(engine);
  const shape = {
    batch: BATCH / conf.batch_chunks,
    height: SIZE,
    width: SIZE,
    affine: false,
    dropPath: "none" as const,
  };
  const network = new Network(engine, desc, shape);
  network.initialise(3);
  const feeds = [train, val].map((batches) => new FixedFeed(engine, batches, conf.batch_chunks));
  let steps = 0;
  let last: State;
  const trainer: Trainer = await Trainer.create({
    network,
    conf,
    seed: 0,
    train: feeds[0]!,
    hook: bilevel(feeds[1]!),
    onStep: async (step) => {
      const start = last;
      last = await state();
      await check(step, { network, trainer, hook: trainer.hook as BilevelOptimizer, state }, start);
      steps++;
    },
  });
  const state = async (): Promise<State> => ({
    weights: await tensorsOf(engine, network.arenas.weights),
    alphas: await tensorsOf(engine, network.arenas.alphas),
    momentum: await tensorsOf(engine, trainer.update.optimizers.get("weights")!.state.get("momentum")!),
    statistics: await tensorsOf(engine, network.arenas.state),
  });
  last = await state();
  expect(largest(last.momentum)).toBe(0);
  await trainer.fit();
  expect(steps).toBe(STEPS);
  expect(largest(last.momentum)).toBeGreaterThan(0);
  trainer.dispose();
  network.dispose();
  for (const feed of feeds) feed.dispose();
  expect(held(engine)).toEqual(before);
}

/** Of all passes of a step only the weights' own moves the running statistics. */
async function checkStatistics(step: number, before: State, { state }: Run): Promise<void> {
  const { alphas, statistics } = await state();
  const params = Object.fromEntries([...before.weights, ...alphas, ...before.statistics]);
  const { x, y } = train[step]!;
  const results = evaluateReference(graphOf(1, true), { inputs: { x, y }, params });
  const expected = new Map([...statistics.keys()].map((name) => [name, results.get(name)!]));
  expect(distance(statistics, expected)).toBeLessThan(RUN * largest(expected));
}

/** The graph of a chunk, with all gradients. */
const graphOf = (chunks: number, runningStats = false): Graph =>
  trainingGraph(
    desc,
    { batch: BATCH / chunks, height: SIZE, width: SIZE, affine: false, dropPath: "none" },
    { ...lossSettings(CONF), gradients: ["weights", "alphas"], runningStats },
  );

/** Adam from its own state on the device's gradients: keeps moments from step to step. */
function adam() {
  const spec = optimizerSpec(CONF.alpha_optimizer!);
  const optimizers = new Map<string, ReturnType<typeof referenceOptimizer>>();
  return (alphas: Vectors, gradient: Vectors): Vectors => {
    const moved = combine(alphas, (name, at) => of(alphas, name, at));
    for (const [name, data] of moved) {
      if (!optimizers.has(name)) optimizers.set(name, referenceOptimizer(spec, data.length));
      optimizers.get(name)!.step(data, gradient.get(name)!, { lr: 0.01 });
    }
    return moved;
  };
}

/** The weights after a step of SGD with clipping, at the alphas that were just updated. */
async function checkWeights(graph: Graph, step: number, before: State, { state }: Run, chunks: number): Promise<void> {
  const after = await state();
  const parts = cut(train[step]!, chunks).map((batch) => gradients(graph, batch, before.weights, after.alphas).weights);
  const g = mean(parts);
  const { factor, norm: length } = clipFactor([...g.values()], CONF.grad_clip);
  expect(length, "the gradient is clipped").toBeGreaterThan(CONF.grad_clip);
  const { decay = 0, momentum: mu = 0 } = CONF.optimizer;
  const momentum = combine(g, (name, at) => {
    const decayed = factor * of(g, name, at) + decay! * of(before.weights, name, at);
    return mu * of(before.momentum, name, at) + decayed;
  });
  const weights = combine(g, (name, at) => of(before.weights, name, at) - XI * of(momentum, name, at));
  const bound = RUN * largest(momentum);
  expect(distance(after.momentum, momentum)).toBeLessThan(bound);
  expect(distance(after.weights, weights)).toBeLessThan(XI * bound + 2 ** -23 * largest(weights));
  expect(distance(before.weights, weights)).toBeGreaterThan(1000 * XI * bound);
}

/** The alphas after Adam, and that nothing else has moved them. */
async function checkAlphas(expected: Vectors, { network }: Run): Promise<void> {
  // One step is 0.01; Adam divides two roots of f32.
  expect(distance(await tensorsOf(engine, network.arenas.alphas), expected)).toBeLessThan(1e-6);
}

describe("the paper's bi-level step", () => {
  test("second order", async () => {
    const graph = graphOf(1);
    const moveAlphas = adam();
    await run(CONF, async (step, current, before) => {
      const { hook } = current;
      const expected = alphaStep(graph, train[step]!, val[step]!, before);
      const scratch = hook.scratch!;
      const dw = await tensorsOf(engine, scratch.dw);
      expect(distance(dw, expected.dw)).toBeLessThan(RUN * largest(expected.dw));
      const [length = 0, epsilon = 0] = await floats(engine, { buffer: hook.dwNorm!.result });
      expect(Math.abs(length / expected.norm - 1)).toBeLessThan(RUN);
      expect(Math.abs(epsilon / expected.epsilon - 1)).toBeLessThan(RUN);
      for (const side of ["plus", "minus"] as const) {
        const actual = await tensorsOf(engine, scratch[side]);
        expect(distance(actual, expected[side])).toBeLessThan(RUN * largest(expected[side]));
      }
      const gradient = await tensorsOf(engine, hook.alphaGradient);
      expect(distance(gradient, expected.gradient)).toBeLessThan(expected.bound);
      expect(XI * largest(expected.hessian), "the second-order term counts").toBeGreaterThan(20 * expected.bound);
      await checkAlphas(moveAlphas(before.alphas, gradient), current);
      await checkWeights(graph, step, before, current, 1);
      await checkStatistics(step, before, current);
    });
  });

  test("first order", async () => {
    const graph = graphOf(1);
    const moveAlphas = adam();
    await run({ ...CONF, second_order: false }, async (step, current, before) => {
      const { alphas } = gradients(graph, val[step]!, before.weights, before.alphas);
      const gradient = await tensorsOf(engine, current.hook.alphaGradient);
      expect(distance(gradient, alphas)).toBeLessThan(RUN * largest(alphas));
      await checkAlphas(moveAlphas(before.alphas, gradient), current);
      await checkWeights(graph, step, before, current, 1);
    });
  });

  test("of a batch in chunks the mean counts", async () => {
    const chunks = 2;
    const graph = graphOf(chunks);
    const moveAlphas = adam();
    await run({ ...CONF, batch_chunks: chunks }, async (step, current, before) => {
      const vals = cut(val[step]!, chunks);
      const parts = cut(train[step]!, chunks).map((batch, chunk) => alphaStep(graph, batch, vals[chunk]!, before));
      const bound = Math.max(...parts.map((part) => part.bound));
      const gradient = await tensorsOf(engine, current.hook.alphaGradient);
      const expected = mean(parts.map((part) => part.gradient));
      expect(distance(gradient, expected)).toBeLessThan(bound);
      expect(distance(expected, parts.at(-1)!.gradient)).toBeGreaterThan(20 * bound);
      await checkAlphas(moveAlphas(before.alphas, gradient), current);
      await checkWeights(graph, step, before, current, chunks);
    });
  });

  test("no virtual step without SGD", async () => {
    const before = held(engine);
    const shape = { batch: BATCH, height: SIZE, width: SIZE, affine: false, dropPath: "none" as const };
    const network = new Network(engine, desc, shape);
    const feeds = [train, val].map((batches) => new FixedFeed(engine, batches));
    const make = (conf: TrainerConf) =>
      Trainer.create({ network, conf, seed: 0, train: feeds[0]!, hook: bilevel(feeds[1]!) });
    const adamWeights = { ...CONF, optimizer: { type: "adam", lr: 0.1 } };
    const created = make(adamWeights);
    await expect(created).rejects.toBeInstanceOf(SupernetError);
    await expect(created).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: the second-order update of the alphas needs optimizer.type sgd for the weights, not adam; change it or set second_order: false]`,
    );
    // To first order there is none.
    (await make({ ...adamWeights, second_order: false })).dispose();
    network.dispose();
    for (const feed of feeds) feed.dispose();
    expect(held(engine)).toEqual(before);
  });
});
