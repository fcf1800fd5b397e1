import { describe, expect, it } from "vitest";
import { lowerNetwork } from "../../src/models/network.ts";
import { BilevelOptimizer, bilevel } from "../../src/nas/bilevel-optimizer.ts";
import { SampleBySample } from "../../src/nas/sample-by-sample.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { FixedFeed } from "../../src/train/fixed-feed.ts";
import type { EpochRecord } from "../../src/train/metrics.ts";
import type { Network } from "../../src/train/network.ts";
import { Trainer } from "../../src/train/trainer.ts";
import type { TrainedBy } from "../../src/train/weight-update.ts";
import { testEngine } from "../gpu/engine.ts";
import { SampledFeed } from "./gs-support.ts";
import { Comparison, caseNames, largest, ourValue, reportNone, underPrefix } from "./support.ts";
import { batchesOf, type LoadedCase, loadCase, MaskedFeed, networkOf, TRAJECTORY_TOLERANCE } from "./train-support.ts";
import { withRealAlphas, xnasHook } from "./xnas-support.ts";

/** The reference's trainers that exist here, and what their main optimizer moves. */
const TRAINERS: Readonly<Record<string, TrainedBy>> = {
  Trainer: { weights: "optimizer" },
  // ArchTrainer gives the optimizer all of model.parameters().
  ArchTrainer: { weights: "optimizer", alphas: "optimizer" },
  BilevelArchTrainer: { weights: "optimizer", alphas: "optimizer" },
  // Alphas get no gradient, so SGD skips them.
  GsArchTrainer: { weights: "optimizer" },
  DidartsArchTrainer: { weights: "optimizer", alphas: "alpha_optimizer" },
  XnasArchTrainer: { weights: "optimizer" },
};

describe("golden training runs", () => {
  reportNone("training runs", caseNames("train"));
  for (const name of caseNames("train")) {
    it(name, () => checkOnAnyOrder(loadCase(name)));
  }
});

/**
 * Where two values of a max-pool window or a ReLU's argument are as close as rounding, the order of the sums before decides
 * which way a gradient goes, and the trajectory after it. A kernel's settings change that order and nothing else: a right
 * engine agrees with the reference with some of them, a wrong formula with none.
 */
async function checkOnAnyOrder(loaded: LoadedCase): Promise<void> {
  try {
    await check(loaded, await testEngine());
  } catch (difference) {
    const { device } = await testEngine();
    const agrees = await check(loaded, new Engine({ device, kind: "gpu" })).then(
      () => true,
      () => false,
    );
    if (!agrees) throw difference;
  }
}

async function check(given: LoadedCase, engine: Engine): Promise<void> {
  const xnas = given.golden.trainer === "XnasArchTrainer";
  const loaded = xnas ? withRealAlphas(given) : given;
  const { golden, tensors } = loaded;
  // The chunks of a batch are summed, as in the reference.
  const conf = { ...golden.conf_trainer, reference_quirks: true };
  const trained = TRAINERS[golden.trainer];
  expect(trained, `trainer ${golden.trainer}`).toBeDefined();
  const network = networkOf(engine, loaded, conf.batch_chunks, xnas ? { rewards: {} } : {});
  const train = trainFeed(engine, loaded, network);
  const vals = batchesOf(loaded, "val");
  const validation =
    vals.length > 0 ? new FixedFeed(engine, vals, conf.validation && golden.conf_trainer.batch_chunks) : undefined;
  const compare = new Comparison(TRAJECTORY_TOLERANCE);
  const noise = (tensor: string) => ({ noise: golden.noise[tensor]?.[0] ?? 0, scale: largestGradient(loaded) });
  const hooked = xnas || golden.trainer === "BilevelArchTrainer";
  const alphaFeed = hooked ? new FixedFeed(engine, vals, conf.batch_chunks) : undefined;
  const trainer = await Trainer.create({
    network,
    conf,
    seed: 0,
    train,
    validation,
    trained,
    hook: alphaFeed && (xnas ? xnasHook(conf, loaded, alphaFeed) : bilevel(alphaFeed)),
    onStep: async (step) => {
      const { step: averages } = await trainer.metrics.read();
      const record = golden.steps[step]!;
      compare.close(`step${step} loss`, [averages.loss], [record.loss]);
      expect(averages.top1, `step${step} top1`).toBeCloseTo(record.top1, 6);
      if (record.grad_norm_before_clip && trainer.update.norm) {
        const [norm = 0] = await floats(engine, trainer.update.norm.result);
        compare.close(`step${step} norm`, [norm], record.grad_norm_before_clip.slice(-1));
      }
      if (trainer.hook instanceof SampleBySample) {
        const norm = await floats(engine, trainer.hook.norm!.result);
        compare.close(
          `step${step} norm of the last sample`,
          norm.slice(0, 1),
          record.grad_norm_before_clip!.slice(-2, -1),
        );
      }
      if (trainer.hook instanceof BilevelOptimizer) await checkBilevel(compare, loaded, step, trainer.hook, engine);
      const params = await network.save();
      for (const [param, { data }] of underPrefix(tensors, `step${step}/param/`)) {
        compare.close(`step${step}/param/${param}`, ourValue(params, param), data, noise(`step${step}/param/${param}`));
      }
      for (const [param, { data }] of underPrefix(tensors, `step${step}/grad/`)) {
        compare.close(
          `step${step}/grad/${param}`,
          await gradient(engine, trainer, param),
          data,
          noise(`step${step}/grad/${param}`),
        );
      }
      const logits = tensors.get(`step${step}/logits`);
      if (logits && train.chunks === 1)
        compare.close(`step${step}/logits`, await logitsOf(engine, trainer), logits.data);
    },
  });
  const epochs = await trainer.fit();
  const params = await network.save();
  for (const [param, { data }] of underPrefix(tensors, "final/")) {
    compare.close(`final/${param}`, ourValue(params, param), data, noise(`final/${param}`));
  }
  checkEpochs(compare, loaded, epochs);
  compare.finish();
  trainer.dispose();
  network.dispose();
}

/** The batches that train, with whatever else the reference has drawn. */
function trainFeed(engine: Engine, loaded: LoadedCase, network: Network): FixedFeed {
  const masks = maskCount(network);
  if (masks > 0) return new MaskedFeed(engine, loaded, masks);
  if (loaded.golden.trainer === "GsArchTrainer") return new SampledFeed(engine, loaded);
  return new FixedFeed(engine, batchesOf(loaded, "train"), loaded.golden.conf_trainer.batch_chunks);
}

/** Norm and ε, dw and the alphas' gradients; of a batch in chunks the last chunk's, which is all the reference uses. */
async function checkBilevel(
  compare: Comparison,
  { golden, tensors }: LoadedCase,
  step: number,
  hook: BilevelOptimizer,
  engine: Engine,
): Promise<void> {
  const chunks = golden.steps[step]!.bilevel!;
  const last = chunks.length - 1;
  const norm = await floats(engine, hook.dwNorm!.result);
  compare.close(`step${step} norm of dw and ε`, norm, [chunks[last]!.dw_norm, chunks[last]!.epsilon]);
  const { dw, plus, minus } = hook.scratch!;
  const arenas = { dw, dalpha_plus: plus, dalpha_minus: minus, alpha_grad: hook.alphaGradient };
  for (const [kind, arena] of Object.entries(arenas)) {
    const prefix = `step${step}/bilevel${last}/${kind}`;
    const values = arena.layout.unpack(await floats(engine, arena.buffer));
    const expected = underPrefix(tensors, `${prefix}/`);
    const scale = Math.max(0, ...[...expected.values()].map(({ data }) => largest(data)));
    const noise = golden.noise[prefix]?.[0] ?? 0;
    for (const [param, { data }] of expected) {
      // The reference's dw includes the alphas; ours keeps them in their own arena.
      if (arena.layout.slots.has(param)) compare.close(`${prefix}/${param}`, values.get(param), data, { noise, scale });
    }
  }
}

function checkEpochs(compare: Comparison, { golden }: LoadedCase, epochs: readonly EpochRecord[]): void {
  expect(epochs).toHaveLength(golden.epochs.length);
  golden.epochs.forEach((expected, epoch) => {
    const actual = epochs[epoch]!;
    const passes = [
      [actual.train, expected.train] as const,
      ...(expected.val ? [[actual.val, expected.val] as const] : []),
    ];
    for (const [pass, averages] of passes) {
      const { loss, top1, top5 } = pass!.averages;
      compare.close(`epoch${epoch} loss`, [loss], [averages.loss]);
      expect([top1, top5].map((value) => value.toFixed(5))).toEqual(
        [averages.top1, averages.top5].map((value) => value.toFixed(5)),
      );
    }
    expect(actual.startLr).toBeCloseTo(expected.train.start_lr, 9);
    expect(actual.endLr).toBeCloseTo(expected.train.end_lr, 9);
  });
}

/** Drop-path masks the training program reads. */
function maskCount({ desc, shape }: Network): number {
  const { builder } = lowerNetwork(desc, { ...shape, training: true });
  return builder
    .build()
    .nodes.filter(({ op, attrs }) => op === "input" && (attrs as { name: string }).name.startsWith("mask/")).length;
}

/** The scale against which gradients that are pure rounding are held. */
function largestGradient({ tensors }: LoadedCase): number {
  let largest = 0;
  for (const [, { data }] of underPrefix(tensors, "step0/grad/"))
    for (const value of data) largest = Math.max(largest, Math.abs(value));
  return largest;
}

async function gradient(engine: Engine, trainer: Trainer, param: string): Promise<Float32Array | undefined> {
  for (const arena of Object.values(trainer.update.gradient)) {
    const slot = arena.layout.slots.get(param);
    if (slot) return (await floats(engine, arena.buffer)).slice(slot.offset, slot.offset + slot.size);
  }
  return undefined;
}

/** [N, classes] row-major. */
async function logitsOf(engine: Engine, trainer: Trainer): Promise<Float32Array> {
  const { unpackPlanes } = await import("../../src/runtime/webgpu/layout.ts");
  const { buffer, type } = trainer.program.output("logits");
  return unpackPlanes(await floats(engine, buffer), type.shape);
}

async function floats(engine: Engine, buffer: GPUBuffer): Promise<Float32Array> {
  return new Float32Array(await engine.read({ buffer }));
}
