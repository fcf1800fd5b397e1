import { beforeAll, describe, expect, it } from "vitest";
import { SupernetError } from "../../src/errors.ts";
import { differentiate } from "../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { flat, planes } from "../../src/graph/types.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { encodePass } from "../../src/runtime/webgpu/engine.ts";
import { packPlanes } from "../../src/runtime/webgpu/layout.ts";
import { Program } from "../../src/runtime/webgpu/program.ts";
import { StepUniform } from "../../src/runtime/webgpu/step.ts";
import { GlobalNorm, scale } from "../../src/runtime/webgpu/vector.ts";
import { Workspace } from "../../src/runtime/webgpu/workspace.ts";
import type { LossConf } from "../../src/train/conf.ts";
import { smoothingOf } from "../../src/train/loss-settings.ts";
import { DeviceMetrics } from "../../src/train/metric-sums.ts";
import { Optimizer, type OptimizerConf, optimizerSpec, stepRates } from "../../src/train/optimizers/index.ts";
import { clipFactor, referenceOptimizer } from "../../src/train/optimizers/reference.ts";
import { makeSchedule, type ScheduleConf } from "../../src/train/schedules/index.ts";
import { testEngine } from "../gpu/engine.ts";
import { layoutOf, relativeError, VectorBench } from "../gpu/vectors.ts";
import { backends, Comparison, caseNames, loadJson, reportNone, TOLERANCE } from "./support.ts";

const has = (name: string): boolean => caseNames("misc").includes(name);

for (const name of ["schedules", "optimizers", "losses"]) reportNone(name, has(name) ? [name] : []);

interface ScheduleCase {
  case: string;
  lr_schedule: ScheduleConf;
  optimizer: { lr: number };
  epochs: number;
  steps_per_epoch: number;
  lr?: number[];
  momentum?: number[];
  lr_after?: number;
  error?: string;
}

// The reference computes schedules in double precision too, but a cosine step by step from its last value: what differs is
// the rounding of some hundred epochs.
const SCHEDULE_TOLERANCE = 1e-9;

describe.runIf(has("schedules"))("schedules", () => {
  for (const golden of has("schedules") ? loadJson<ScheduleCase[]>("misc/schedules") : []) {
    it(golden.case, () => {
      const make = () =>
        makeSchedule(golden.lr_schedule, {
          lr: golden.optimizer.lr,
          epochs: golden.epochs,
          stepsPerEpoch: golden.steps_per_epoch,
        });
      if (!golden.lr) {
        expect(golden.error).toBeDefined();
        expect(make).toThrow(SupernetError);
        return;
      }
      const schedule = make();
      const expected = golden.lr_after === undefined ? golden.lr : [...golden.lr, golden.lr_after];
      const rates = expected.map((_, step) => schedule.at(step));
      const lr = rates.map((rate) => rate.lr);
      expect(relativeError(lr, expected)).toBeLessThan(SCHEDULE_TOLERANCE);
      if (golden.momentum) {
        const momentum = golden.momentum.map((_, step) => rates[step]?.momentum ?? Number.NaN);
        expect(relativeError(momentum, golden.momentum)).toBeLessThan(SCHEDULE_TOLERANCE);
      }
      if (golden.error) expect(() => schedule.at(lr.length)).toThrow(SupernetError);
    });
  }
});

interface OptimizerCase {
  case: string;
  optimizer: OptimizerConf;
  initial: number[];
  grads: number[][];
  params: number[][];
}

interface ClipCase {
  max_norm: number;
  grads: number[][];
  total_norm: number;
  clipped: number[][];
}

// The reference steps in f32: a few roundings of 6e-8 a step, over the handful of steps of a case.
const OPTIMIZER_TOLERANCE = 2e-6;

describe.runIf(has("optimizers"))("optimizers", () => {
  const golden = has("optimizers")
    ? loadJson<{ optimizers: OptimizerCase[]; clip_grad_norm: ClipCase[] }>("misc/optimizers")
    : { optimizers: [], clip_grad_norm: [] };

  let engine: Engine;
  beforeAll(async () => {
    engine = await testEngine();
  });

  for (const { case: name, optimizer: conf, initial, grads, params } of golden.optimizers) {
    it(`${name}, reference`, () => {
      const optimizer = referenceOptimizer(optimizerSpec(conf), initial.length);
      const weights = Float64Array.from(initial);
      grads.forEach((gradient, step) => {
        optimizer.step(weights, gradient, { lr: conf.lr ?? 0 });
        expect(relativeError(weights, params[step]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
      });
    });

    it(`${name}, webgpu`, async () => {
      const spec = optimizerSpec(conf);
      const bench = new VectorBench(engine, layoutOf([initial.length]));
      const weights = bench.arena((index) => initial[index]!);
      const gradient = bench.arena();
      const target = { weights, gradient, step: bench.step, rates: "weights", label: name } as const;
      const optimizer = new Optimizer(engine, spec, target);
      const encoder = engine.device.createCommandEncoder();
      optimizer.reset(encoder);
      engine.device.queue.submit([encoder.finish()]);
      for (const [step, values] of grads.entries()) {
        bench.write(gradient, bench.layout.pack({ "conv.0": values }));
        bench.setStep(stepRates(spec, step + 1, { lr: conf.lr ?? 0 }));
        await bench.run(optimizer.dispatch);
        const actual = bench.layout.unpack(await bench.read(weights)).get("conv.0")!;
        expect(relativeError(actual, params[step]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
      }
      optimizer.dispose();
      bench.dispose();
    });
  }

  for (const { max_norm, grads, total_norm, clipped } of golden.clip_grad_norm) {
    it(`gradients clipped to ${max_norm}, reference`, () => {
      const { norm, factor } = clipFactor(grads, max_norm);
      expect(relativeError([norm], [total_norm])).toBeLessThan(OPTIMIZER_TOLERANCE);
      grads.forEach((gradient, index) => {
        const scaled = gradient.map((value) => value * factor);
        expect(relativeError(scaled, clipped[index]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
      });
    });

    it(`gradients clipped to ${max_norm}, webgpu`, async () => {
      const benches = grads.map((gradient) => new VectorBench(engine, layoutOf([gradient.length])));
      const arenas = benches.map((bench, index) => bench.arena((i) => grads[index]![i]!));
      const norm = new GlobalNorm(engine.buffers, engine.tuning, arenas, { clip: max_norm }, "norm");
      await benches[0]!.run(...norm.dispatches, ...arenas.map((arena) => scale(engine.tuning, arena, norm)));
      expect(relativeError((await benches[0]!.read(norm.result)).slice(0, 1), [total_norm])).toBeLessThan(
        OPTIMIZER_TOLERANCE,
      );
      for (const [index, bench] of benches.entries()) {
        const actual = bench.layout.unpack(await bench.read(arenas[index]!)).get("conv.0")!;
        expect(relativeError(actual, clipped[index]!)).toBeLessThan(OPTIMIZER_TOLERANCE);
        bench.dispose();
      }
      norm.dispose();
    });
  }
});

interface LossCase {
  lossfn: LossConf;
  logits: number[][];
  targets: number[];
  loss: number;
  dlogits: number[][];
}

interface AccuracyCase {
  topk: number[];
  logits: number[][];
  targets: number[];
  accuracy: number[];
}

interface EpochCase {
  batches: { logits: number[][]; targets: number[]; loss: number }[];
  top1: number;
  top5: number;
  loss: number;
}

/** Inputs of a graph on logits [N, K, 1, 1] and labels. */
function classification({ logits, targets }: { logits: number[][]; targets: number[] }) {
  const g = new GraphBuilder();
  const x = g.input("x", planes([logits.length, logits[0]!.length, 1, 1]));
  const y = g.input("y", flat([targets.length], "u32"));
  return { g, x, y, feeds: { inputs: { x: logits.flat(), y: targets }, params: {} } };
}

describe.runIf(has("losses")).each(backends)("losses, $name", ({ run }) => {
  const golden = caseNames("misc").includes("losses")
    ? loadJson<{ losses: LossCase[]; accuracy: AccuracyCase[] }>("misc/losses")
    : undefined;

  for (const [index, expected] of (golden?.losses ?? []).entries()) {
    it(`${index}: ${expected.lossfn.type} ${expected.lossfn.smoothing ?? ""}`, async () => {
      const { g, x, y, feeds } = classification(expected);
      const loss = g.add("mean", [g.add("cross_entropy", [x, y], { smoothing: smoothingOf(expected.lossfn) })], {});
      const one = g.add("fill", [], { type: flat([1]), value: 1 });
      const { builder, gradients } = differentiate(g.build(), [{ value: loss, gradient: one }], [x]);
      builder.output("loss", loss);
      builder.output("dx", gradients[0]!);
      const results = await run(builder.build(), feeds);
      const comparison = new Comparison(TOLERANCE.ops);
      comparison.close("loss", results.get("loss"), [expected.loss]);
      comparison.close("dx", results.get("dx"), expected.dlogits.flat());
      comparison.finish();
    });
  }

  /** Share of samples whose label is among the k largest logits. */
  async function accuracies(
    batch: { logits: number[][]; targets: number[] },
    ks: readonly number[],
  ): Promise<number[]> {
    const { g, x, y, feeds } = classification(batch);
    for (const k of ks) g.output(`top${k}`, g.add("mean", [g.add("top_k", [x, y], { k })], {}));
    const results = await run(g.build(), feeds);
    return ks.map((k) => results.get(`top${k}`)![0]!);
  }

  for (const [index, expected] of (golden?.accuracy ?? []).entries()) {
    it(`accuracy ${index}: top ${expected.topk.join(", ")}`, async () => {
      const actual = await accuracies(expected, expected.topk);
      expect(relativeError(actual, expected.accuracy)).toBeLessThan(TOLERANCE.ops);
    });
  }
});

describe.runIf(has("losses"))("averages of an epoch", () => {
  it("weigh every sample alike, summed on the device over batches of different sizes", async () => {
    const { batches, top1, top5, loss } = loadJson<{ epoch_metrics: EpochCase }>("misc/losses").epoch_metrics;
    const engine = await testEngine();
    const workspace = new Workspace(engine.buffers);
    const step = new StepUniform(engine.device, engine.buffers, 1);
    const metrics = new DeviceMetrics(engine);
    metrics.reset();
    for (const batch of batches) {
      const { g, x, y, feeds } = classification(batch);
      // The golden losses are made up: they are not those of the logits.
      g.output("loss", g.add("fill", [], { type: flat([batch.targets.length]), value: batch.loss }));
      for (const k of [1, 5]) g.output(`top${k}`, g.add("top_k", [x, y], { k }));
      const graph = g.build();
      const inputs = {
        x: upload(engine, packPlanes(feeds.inputs.x, g.type(x).shape)),
        y: upload(engine, Uint32Array.from(feeds.inputs.y)),
      };
      const program = new Program(engine, graph, workspace);
      const bound = await program.bind({ arenas: { params: {}, grads: {}, next: {} }, inputs, step: step.buffer });
      const { kernels } = await engine.kernels([metrics.accumulate(program, step.buffer)], "metrics");
      const encoder = engine.device.createCommandEncoder();
      step.write([{ valid: batch.targets.length, sampleStart: 0 }]);
      step.use(encoder, 0);
      bound.encode(encoder);
      encodePass(encoder, kernels);
      engine.device.queue.submit([encoder.finish()]);
    }
    const { pass } = await metrics.read();
    expect(relativeError([pass.top1, pass.top5, pass.loss], [top1, top5, loss])).toBeLessThan(TOLERANCE.ops);
    const last = batches.at(-1)!;
    expect(pass.samples).toBe(batches.reduce((count, { targets }) => count + targets.length, 0));
    expect((await metrics.read()).step).toMatchObject({ samples: last.targets.length });
  });
});

function upload(engine: Engine, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): GPUBuffer {
  const buffer = engine.buffers.storage("input", data.byteLength);
  engine.device.queue.writeBuffer(buffer, 0, data);
  return buffer;
}
