import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Graph, planes } from "../../src/graph/types.ts";
import type { TuningAdapter, TuningChoices, TuningStore } from "../../src/host/tuning.ts";
import { parseTuning, tuningText } from "../../src/host/tuning.ts";
import { bilevel } from "../../src/nas/bilevel-optimizer.ts";
import { Engine, type KernelTuner } from "../../src/runtime/webgpu/engine.ts";
import type { Kernels, Lower } from "../../src/runtime/webgpu/kernel.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { relu } from "../../src/runtime/webgpu/kernels/relu.ts";
import { Recorder } from "../../src/runtime/webgpu/recorder.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { Tuner, type TunerParts, type TuneSummary } from "../../src/runtime/webgpu/tuner.ts";
import { tuningRequests } from "../../src/runtime/webgpu/tuning/requests.ts";
import { FixedFeed } from "../../src/train/fixed-feed.ts";
import { Network } from "../../src/train/network.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { newEngine } from "./engine.ts";
import { held, PLAIN, randomBatches, smallSupernet } from "./small.ts";

const ADAPTER: TuningAdapter = { vendor: "v", architecture: "", device: "d", description: "", engine: "0" };

let plain: Engine;
beforeAll(async () => {
  plain = await newEngine(["timestamp-query"]);
});
afterAll(() => plain.dispose());

class MemoryStore implements TuningStore {
  readonly choices = new Map<string, unknown>();
  saves = 0;
  load = async () => this.choices;
  async save(_: TuningAdapter, choices: TuningChoices) {
    this.saves++;
    for (const [key, choice] of choices) this.choices.set(key, choice);
  }
}

interface Tuned {
  readonly engine: Engine;
  readonly tuner: Tuner;
  readonly better: boolean;
  readonly warnings: string[];
  readonly summaries: TuneSummary[];
}

/** An engine after tuning for a graph, with nothing left on the device. */
async function tune(graph: Graph, parts: Partial<TunerParts>): Promise<Tuned> {
  const warnings: string[] = [];
  const summaries: TuneSummary[] = [];
  const tuner = await Tuner.open({
    adapter: ADAPTER,
    store: new MemoryStore(),
    budget: Number.POSITIVE_INFINITY,
    onWarning: (message) => warnings.push(message),
    onTuned: (summary) => summaries.push(summary),
    ...parts,
  });
  const engine = new Engine({ device: plain.device, kind: "software" }, tuner);
  const better = await tuner.tune(engine, [graph]);
  expect(held(engine)).toEqual({ liveBuffers: 0, liveBytes: 0 });
  engine.check();
  return { engine, tuner, better, warnings, summaries };
}

const IMAGE = planes([2, 6, 16, 16]);

/** relu(relu(x)) and 3 * x. */
function smallGraph(): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", IMAGE);
  g.output("relu", g.add("relu", [g.add("relu", [x], {})], {}));
  g.output("scale", g.add("scale", [x], { factor: 3 }));
  return g.build();
}

/** A ReLU that is computed `times` times. */
function repeated(key: string, candidates: readonly number[]): Kernels {
  const slow: Lower<"relu"> = (context) => {
    const times = context.tuning.pick(key, candidates);
    for (let time = 0; time < times; time++) relu(context);
  };
  return { ...kernels, relu: slow };
}

describe("the tuner", () => {
  test("takes the cheapest variant, stores it, and a second start times nothing", async () => {
    const store = new MemoryStore();
    const fakes = repeated("relu", [60, 400, 1]);
    const first = await tune(smallGraph(), { kernels: fakes, store });
    expect(first.better).toBe(true);
    expect(first.warnings).toEqual([]);
    expect(first.summaries).toMatchObject([{ measured: 1, changed: 1, left: 0 }]);
    expect([...first.engine.tuner!.picks]).toEqual([["relu", 1]]);
    expect([...store.choices]).toEqual([["relu", 1]]);
    expect(store.saves).toBe(1);

    const second = await tune(smallGraph(), { kernels: fakes, store });
    expect(second).toMatchObject({ better: false, summaries: [] });
    expect(second.engine.pipelineCount).toBe(0);
    expect(store.saves).toBe(1);
    expect(second.engine.tuning.pick("relu", [60, 400, 1])).toBe(1);
  });

  test("records what every key was given, also where that is the default", async () => {
    const store = new MemoryStore();
    const { tuner, better } = await tune(smallGraph(), { kernels: repeated("relu", [1, 60]), store });
    expect(better).toBe(false);
    expect([...store.choices]).toEqual([["relu", 1]]);
    expect(parseTuning(tuner.record())).toEqual([{ adapter: ADAPTER, choices: new Map([["relu", 1]]) }]);
  });

  test("adopts a record, whatever is stored and would be faster, and times nothing", async () => {
    const fakes = repeated("relu", [1, 60]);
    const record = tuningText([{ adapter: ADAPTER, choices: new Map([["relu", 60]]) }]);
    const store = new MemoryStore();
    store.choices.set("relu", 1);
    const tuner = await Tuner.open({ adapter: ADAPTER, store, budget: 0, kernels: fakes });
    tuner.adopt(record);
    const engine = new Engine({ device: plain.device, kind: "software" }, tuner);
    await tuner.tune(engine, [smallGraph()]);
    expect([...tuner.picks]).toEqual([["relu", 60]]);
    expect(tuner.record()).toBe(record);
    expect([engine.pipelineCount, store.saves]).toEqual([0, 0]);
  });

  test("measures again what was stored and is no candidate any more", async () => {
    const store = new MemoryStore();
    store.choices.set("relu", 7);
    const { summaries } = await tune(smallGraph(), { kernels: repeated("relu", [60, 1]), store });
    expect(summaries).toMatchObject([{ measured: 1, changed: 1 }]);
    expect([...store.choices]).toEqual([["relu", 1]]);
  });

  test("never takes a variant that computes something else, and tells", async () => {
    const wrong: Lower<"relu"> = (context) => {
      const how = context.tuning.pick("relu", ["slow", "wrong", "fast"]);
      if (how === "wrong") kernels.stop_gradient!(context as never);
      else for (let time = 0; time < (how === "slow" ? 60 : 3); time++) relu(context);
    };
    const { engine, warnings } = await tune(smallGraph(), { kernels: { ...kernels, relu: wrong } });
    expect([...engine.tuner!.picks]).toEqual([["relu", "fast"]]);
    expect(warnings).toEqual([
      expect.stringMatching(
        /^relu: the variant "wrong" is wrong on this adapter \(r\d\[\d+\] is -[\d.]+, not 0 \+- [\d.e-]+\) and is not used; please report it$/,
      ),
    ]);
  });

  test("passes over variants that the device does not allow", async () => {
    const most = plain.device.limits;
    const big: Lower<"relu"> = (context) => {
      const how = context.tuning.pick("relu", ["slow", "workgroup", "groups", "memory", "shader", "fast"]);
      for (let time = 0; time < (how === "slow" ? 60 : 1); time++) relu(context);
      const [reads, writes] = [context.inputs, [context.output]];
      const copy = { shader: "copy", uniforms: { total: 0, per: 1 }, reads, writes, workgroups: [1, 1, 1] as const };
      const invocations = most.maxComputeInvocationsPerWorkgroup + 1;
      if (how === "workgroup") context.dispatch({ ...copy, constants: { wg: invocations } });
      if (how === "groups")
        context.dispatch({ ...copy, workgroups: [most.maxComputeWorkgroupsPerDimension + 1, 1, 1] });
      if (how === "memory") context.scratch(planes([1, 4, 1, most.maxBufferSize / 16 + 1]));
      if (how === "shader") context.dispatch({ ...copy, constants: { nonsense: 1 } });
    };
    const { engine, warnings } = await tune(smallGraph(), { kernels: { ...kernels, relu: big } });
    expect([...engine.tuner!.picks]).toEqual([["relu", "fast"]]);
    expect(warnings).toEqual([]);
  });

  test("leaves what it has no time for to the default, and asks again next time", async () => {
    const store = new MemoryStore();
    const fakes = repeated("relu", [60, 1]);
    const { summaries, better, engine } = await tune(smallGraph(), { kernels: fakes, store, budget: 0 });
    expect(summaries).toMatchObject([{ measured: 0, changed: 0, left: 1 }]);
    expect(better).toBe(false);
    expect(store.saves).toBe(0);
    expect(engine.tuning.pick("relu", [60, 1])).toBe(60);
    expect((await tune(smallGraph(), { kernels: fakes, store })).better).toBe(true);
  });

  test("tunes what costs most first", async () => {
    const by =
      (name: string): Lower<"relu"> =>
      (context) => {
        context.tuning.pick(`${name} ${context.output.type.shape[1]}`, [1, 2]);
        relu(context);
      };
    const g = new GraphBuilder();
    const [small, large] = [g.input("small", planes([1, 4, 4, 4])), g.input("large", planes([1, 8, 64, 64]))];
    for (const [name, x] of Object.entries({ small, large })) g.output(name, g.add("relu", [x], {}));
    const { tuner } = await tune(g.build(), { kernels: { ...kernels, relu: by("relu") } });
    expect([...tuner.picks.keys()]).toEqual(["relu 8", "relu 4"]);
  });

  test("finds the choices of a variant that only another choice leads to", async () => {
    const nested: Lower<"relu"> = (context) => {
      const { pick } = context.tuning;
      const times = pick("outer", [60, 3]) === 60 ? 60 : pick("inner", [20, 1]);
      for (let time = 0; time < times; time++) relu(context);
    };
    const { tuner } = await tune(smallGraph(), { kernels: { ...kernels, relu: nested } });
    expect([...tuner.picks]).toEqual([
      ["outer", 3],
      ["inner", 1],
    ]);
  });

  test("ends when it is told to, and keeps what it has found", async () => {
    const store = new MemoryStore();
    const stop = new AbortController();
    const keys: Lower<"relu"> = (context) => {
      context.tuning.pick(`relu ${context.output.type.shape[1]}`, [1, 2]);
      relu(context);
    };
    const g = new GraphBuilder();
    for (const channels of [4, 8]) {
      const x = g.input(`x${channels}`, planes([1, channels, 64, 64]));
      g.output(`y${channels}`, g.add("relu", [x], {}));
    }
    const onStart = () => queueMicrotask(() => stop.abort(new Error("interrupted")));
    const parts = { kernels: { ...kernels, relu: keys }, store, signal: stop.signal, onStart };
    await expect(tune(g.build(), parts)).rejects.toThrow("interrupted");
    expect([...store.choices.keys()]).toEqual(["relu 8"]);
  });
});

test("how independent work is cut makes no difference to a single bit", async () => {
  const cut: Lower<"relu"> = (context) => {
    const { tuning } = context;
    const [workgroup, pixels] = tuning.pick("relu", [[8, 32] as const, [64, 4] as const, [16, 1] as const]);
    relu({ ...context, tuning: { ...tuning, workgroup, pixels } });
  };
  const graph = smallGraph();
  const x = Float32Array.from({ length: 2 * 6 * 16 * 16 }, (_, index) => Math.sin(index));
  const feeds = { inputs: { x }, params: {} };
  const expected = await runGraph(plain, graph, feeds);
  for (const choice of [
    [8, 32],
    [64, 4],
    [16, 1],
  ]) {
    const store = new MemoryStore();
    store.choices.set("relu", choice);
    const { engine, summaries } = await tune(graph, { kernels: { ...kernels, relu: cut }, store });
    expect(summaries).toEqual([]);
    expect(await runGraph(engine, graph, feeds, 1, { ...kernels, relu: cut })).toEqual(expected);
  }
});

test("a trainer has all its programs tuned together before they are bound", async () => {
  const asked: number[] = [];
  const picks = new Map<string, unknown>();
  const lastOfAll: KernelTuner = {
    picks,
    async tune(engine, graphs) {
      asked.push(graphs.length);
      for (const { key, candidates } of tuningRequests(engine, graphs, kernels)) picks.set(key, candidates.at(-1));
      return true;
    },
    record: () => "",
    adopt() {},
  };
  const untuned = await firstStep(new Engine({ device: plain.device, kind: "software" }));
  const tuned = await firstStep(new Engine({ device: plain.device, kind: "software" }, lastOfAll));
  // Forward and backward for the weights, for the alphas, for both.
  expect(asked).toEqual([3]);
  expect(picks.size).toBeGreaterThan(5);
  expect(tuned.launches).not.toEqual(untuned.launches);
  expect(tuned.loss).toBeCloseTo(untuned.loss, 4);
});

/** How the kernels of a second-order step are launched, and the loss it comes to. */
async function firstStep(engine: Engine): Promise<{ launches: unknown[]; loss: number }> {
  const shape = { batch: 2, height: 32, width: 32, affine: false, dropPath: "none" as const };
  const network = new Network(engine, smallSupernet(1, 2), shape);
  network.initialise(1);
  const feeds = [1, 2].map((seed) => new FixedFeed(engine, randomBatches(1, [2, 3, 32, 32], seed)));
  const [train, validation] = feeds as [FixedFeed, FixedFeed];
  const conf = {
    ...PLAIN,
    alpha_optimizer: { type: "adam", lr: 3e-3, betas: [0.5, 0.999] },
    alpha_lr_schedule: { type: "" },
  };
  const trainer = await Trainer.create({ network, conf, seed: 1, train, hook: bilevel(validation) });
  const recorder = new Recorder();
  trainer.encodeStep(recorder.encoder, 0, 0);
  const launches = recorder.kernels.map(({ dispatch: { shader, uniforms, workgroups } }) => [
    shader,
    uniforms,
    workgroups,
  ]);
  const [epoch] = await trainer.fit();
  for (const owned of [trainer, network, ...feeds]) owned.dispose();
  expect(held(engine)).toEqual({ liveBuffers: 0, liveBytes: 0 });
  return { launches, loss: epoch!.train.averages.loss };
}
