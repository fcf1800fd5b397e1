import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { Rng } from "../../src/random/rng.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { TrainerConf } from "../../src/train/conf.ts";
import { type FixedBatch, FixedFeed } from "../../src/train/fixed-feed.ts";
import { initialValues } from "../../src/train/initial-values.ts";
import type { EpochRecord } from "../../src/train/metrics.ts";
import { Network } from "../../src/train/network.ts";
import type { Snapshot } from "../../src/train/snapshot.ts";
import { Trainer } from "../../src/train/trainer.ts";
import { testEngine } from "../gpu/engine.ts";
import { PLAIN, randomBatches, smallFinal, smallSupernet } from "../gpu/small.ts";
import { cases, damage } from "./damage.ts";
import "../gpu/quick-compile.ts";

// Trainings whose numbers do not stay finite: noticed within 50 steps, and the report names epoch, step and tensor.

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});
afterEach(() => vi.restoreAllMocks());

const { attempt } = damage("NaN or infinity in training");

const SHAPE = [2, 3, 8, 8] as const;
const IMAGES = { batch: 2, height: 8, width: 8, affine: true, dropPath: "none" as const };

interface Run {
  readonly conf?: Partial<TrainerConf>;
  readonly desc?: ReturnType<typeof smallFinal>;
  readonly batches?: readonly FixedBatch[];
  readonly validation?: readonly FixedBatch[];
  /** Changes the values that the network starts with. */
  readonly damage?: (values: Map<string, Float32Array>) => void;
  readonly from?: Snapshot;
  readonly afterStep?: (step: number, network: Network) => void;
}

interface Outcome {
  readonly epochs: EpochRecord[] | undefined;
  readonly error: unknown;
  readonly steps: number;
  readonly snapshots: readonly Snapshot[];
  readonly values: ReadonlyMap<string, Float32Array>;
}

async function train({
  conf,
  desc = smallFinal(),
  batches,
  validation,
  damage,
  from,
  afterStep,
}: Run): Promise<Outcome> {
  const network = new Network(engine, desc, IMAGES);
  const values = initialValues(network.params, 1);
  damage?.(values);
  network.load(values);
  const train = new FixedFeed(engine, batches ?? randomBatches(4, SHAPE, 1));
  const val = validation && new FixedFeed(engine, validation);
  const snapshots: Snapshot[] = [];
  let steps = 0;
  const trainer = await Trainer.create({
    network,
    conf: { ...PLAIN, ...(val && { validation: { freq: 1, lossfn: PLAIN.lossfn } }), ...conf },
    seed: 1,
    train,
    validation: val,
    snapshots: { tell: (snapshot) => void snapshots.push(snapshot) },
    onStep: async (step) => {
      steps++;
      afterStep?.(step, network);
    },
  });
  let epochs: EpochRecord[] | undefined;
  let error: unknown;
  try {
    epochs = await trainer.fit(undefined, from);
  } catch (thrown) {
    error = thrown;
  }
  const outcome = { epochs, error, steps, snapshots, values: await network.save() };
  trainer.dispose();
  for (const feed of [train, val]) feed?.dispose();
  network.dispose();
  return outcome;
}

/** Which kernel computes a result depends on the adapter. */
const messageOf = ({ error }: Outcome): string =>
  (error as Error).message.replace(/result of \w+/, "result of a kernel");

describe("a training that does not stay finite", () => {
  afterEach(() => vi.restoreAllMocks());

  test("names epoch, step and tensor, for a learning rate that is too large", () =>
    attempt("names epoch, step and tensor, for a learning rate that is too large", async () => {
      const outcome = await train({ conf: { optimizer: { ...PLAIN.optimizer, lr: 1e30 } } });
      expect(outcome.error).toMatchObject({ name: "SupernetError", code: "numeric", epoch: 0, step: 1 });
      expect(messageOf(outcome)).toMatchInlineSnapshot(
        `"NaN or infinity in training, epoch 1 of 1, step 2 of 4: it came up first in model_stems: result of a kernel; lower the trainer's optimizer.lr, or bound the gradient with grad_clip, or set on_nonfinite: back_off, which goes back to the start of the epoch and halves the learning rate"`,
      );
    }));

  test("names a weight that was bad from the start", () =>
    attempt("names a weight that was bad from the start", async () => {
      const outcome = await train({ damage: (values) => values.get("logits_op._op.weight")!.fill(Infinity, 3, 4) });
      expect(messageOf(outcome)).toMatchInlineSnapshot(
        `"NaN or infinity in training, epoch 1 of 1, before the first step: it came up first in weight logits_op._op.weight; start from other weights"`,
      );
      expect(outcome.steps).toBe(0);
    }));

  test("names the candidate among those that one kernel computes", () =>
    attempt("names the candidate among those that one kernel computes", async () => {
      const outcome = await train({
        desc: smallSupernet(1, 2),
        damage: (values) => values.get("cells.0.dag.1.2._wrapped._ops.4.op.0.op.1.weight")!.fill(3e38),
      });
      expect(messageOf(outcome)).toMatchInlineSnapshot(
        `"NaN or infinity in training, epoch 1 of 1, step 1 of 4: it came up first in cells.0.dag.1.2._wrapped._ops.4.op.0.op.1 (sep_conv_5x5): result of a kernel; lower the trainer's optimizer.lr, or bound the gradient with grad_clip, or set on_nonfinite: back_off, which goes back to the start of the epoch and halves the learning rate"`,
      );
    }));

  test("is noticed within 50 steps, by what the device has counted", async () => {
    // Time stands still: progress is told by steps alone.
    vi.spyOn(performance, "now").mockReturnValue(0);
    const rng = new Rng(5, 0);
    const batches = randomBatches(100, SHAPE, 2);
    for (let tried = 0; tried < cases(2, 40); tried++) {
      const bad = rng.randint(49);
      const value = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY][tried % 3]!;
      await attempt(`batch ${bad}`, async () => {
        const { x, ...batch } = batches[bad]!;
        const spoilt = { ...batch, x: Float32Array.from(x, (pixel, at) => (at === bad ? value : pixel)) };
        const outcome = await train({ batches: batches.with(bad, spoilt) });
        expect(messageOf(outcome)).toBe(
          `NaN or infinity in training, epoch 1 of 1, step ${bad + 1} of 100: it came up first in batch images; ` +
            "look into the data set, and whether its normalisation divides by 0",
        );
        expect(outcome.error).toMatchObject({ epoch: 0, step: bad, tensor: "batch images" });
        expect(outcome.steps).toBeGreaterThan(bad);
        expect(outcome.steps).toBeLessThanOrEqual(bad + 50);
        expect(outcome.snapshots).toEqual([]);
      });
    }
  });

  test("is noticed when only its validation is", () =>
    attempt("is noticed when only its validation is", async () => {
      const outcome = await train({
        validation: randomBatches(2, SHAPE, 3),
        damage: (values) => {
          for (const [name, data] of values) if (name.endsWith("running_stats")) data.fill(-1e6);
        },
      });
      expect(messageOf(outcome)).toMatchInlineSnapshot(
        `"NaN or infinity in validation, epoch 1 of 1, step 1 of 2: it came up first in model_stems.0._op.1: result of a kernel; lower the trainer's optimizer.lr, or bound the gradient with grad_clip, or set on_nonfinite: back_off, which goes back to the start of the epoch and halves the learning rate"`,
      );
    }));

  test("is left alone while its loss is huge, but finite", async () => {
    const outcome = await train({ damage: (values) => values.get("logits_op._op.bias")!.set([1e30, -1e30]) });
    expect(outcome.error).toBeUndefined();
    expect(outcome.epochs![0]!.train.averages.loss).toBeGreaterThan(1e28);
  });

  test("is told of what cannot be found again", () =>
    attempt("is told of what cannot be found again", async () => {
      const outcome = await train({
        afterStep: (step, { arenas }) => {
          if (step === 1) engine.device.queue.writeBuffer(arenas.weights.buffer, 0, Float32Array.of(Number.NaN));
        },
      });
      expect(messageOf(outcome)).toMatchInlineSnapshot(
        `"NaN or infinity in training, epoch 1 of 1, step 4 of 4, and not again when the step was run once more; go on from the last checkpoint; if it happens again, the device computes wrongly"`,
      );
    }));

  describe("and backs off", () => {
    const conf = (lr: number): Partial<TrainerConf> => ({
      epochs: 2,
      on_nonfinite: "back_off",
      optimizer: { ...PLAIN.optimizer, lr },
      // Whatever the first epoch has come through, the second does.
      lr_schedule: { type: "multi_step", milestones: [1], gamma: 1e-6 },
    });

    test("comes to what half the learning rate, or a quarter, comes to; from its snapshots, too", () =>
      attempt("comes to what half the learning rate, or a quarter, comes to; from its snapshots, too", async () => {
        const lr = 1000;
        const outcome = await train({ conf: conf(lr) });
        const [first, second] = outcome.epochs!;
        const halvings = first!.warnings!.length;
        expect(first!.warnings![0]).toMatch(
          /^NaN or infinity in training, epoch 1 of 2, step \d of 4: it came up first in .*; the epoch begins anew with half the learning rate$/,
        );
        expect(first!.startLr).toBe(lr / 2 ** halvings);
        expect(second).not.toHaveProperty("warnings");
        const lower = await train({ conf: { ...conf(lr / 2 ** halvings), on_nonfinite: "stop" } });
        expect(outcome.values).toEqual(lower.values);

        const places = outcome.snapshots.map(({ epoch, batch, halvings }) => ({ epoch, batch, halvings }));
        expect(places).toEqual([1, 2].map((epoch) => ({ epoch, batch: 0, halvings })));
        const resumed = await train({ conf: conf(lr), from: outcome.snapshots[0]! });
        expect(resumed.values).toEqual(outcome.values);
        expect(resumed.epochs!.map(({ startLr }) => startLr)).toEqual([first!.startLr, second!.startLr]);
      }));

    test("ends when that has not helped five times", () =>
      attempt("ends when that has not helped five times", async () => {
        const outcome = await train({ conf: conf(1e30) });
        expect(messageOf(outcome)).toMatchInlineSnapshot(
          `"NaN or infinity in training, epoch 1 of 2, step 2 of 4: it came up first in model_stems: result of a kernel; halving the learning rate 5 times has not helped; lower the trainer's optimizer.lr, or bound the gradient with grad_clip"`,
        );
        expect(outcome.snapshots).toEqual([]);
      }));

    test("not without a learning rate", async () => {
      await expect(
        train({ conf: { on_nonfinite: "back_off", optimizer: { type: "cocob", alpha: 100 } } }),
      ).rejects.toThrowErrorMatchingInlineSnapshot(
        `[SupernetError: on_nonfinite: back_off halves the learning rate, and optimizer.type cocob has none; set on_nonfinite: stop]`,
      );
    });
  });
});
