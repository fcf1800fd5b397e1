import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ParamSpec } from "../../../src/graph/types.ts";
import { Rng } from "../../../src/random/rng.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { ArenaLayout } from "../../../src/runtime/webgpu/arena.ts";
import type { TrainerConf } from "../../../src/train/conf.ts";
import { HostFeed } from "../../../src/train/fallback/feed.ts";
import { FallbackNetwork } from "../../../src/train/fallback/network.ts";
import { FallbackOptimizer } from "../../../src/train/fallback/optimizer.ts";
import { predictFallback } from "../../../src/train/fallback/predict.ts";
import { FallbackTrainer } from "../../../src/train/fallback/trainer.ts";
import { evaluationGraph } from "../../../src/train/graphs.ts";
import { initialValues } from "../../../src/train/initial-values.ts";
import { referenceOptimizer } from "../../../src/train/optimizers/reference.ts";
import { type OptimizerSpec, stepRates } from "../../../src/train/optimizers/spec.ts";
import { PLAIN, smallFinal, smallSupernet } from "../../gpu/small.ts";
import { uniformData } from "../../properties.ts";

const SIZE = 4;
const SHAPE = { batch: 2, height: SIZE, width: SIZE, affine: false, dropPath: "none" } as const;
const CONF: TrainerConf = {
  ...PLAIN,
  alpha_optimizer: { type: "sgd", lr: 1, momentum: 0, decay: 0 },
  alpha_lr_schedule: { type: "" },
};

let tensors = 0;
beforeAll(async () => {
  await tf.setBackend("cpu");
});
beforeEach(() => {
  tensors = tf.memory().numTensors;
});
afterEach(() => {
  expect(tf.memory().numTensors, "tensors that are left behind").toBe(tensors);
});

/** Eight images of noise, or those after them. */
function feed(first = 0): HostFeed {
  const rng = new Rng(1, 0);
  const split = {
    count: 16,
    images: Uint8Array.from({ length: 16 * SIZE * SIZE * 3 }, () => rng.randint(256)),
    labels: Uint32Array.from({ length: 16 }, (_, index) => index % 10),
  };
  const order = Uint32Array.from({ length: 8 }, (_, index) => first + index);
  return new HostFeed({
    split,
    augmentation: {
      height: SIZE,
      width: SIZE,
      channels: 3,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      pad: 0,
      flip: false,
      cutout: 0,
      purpose: "train",
    },
    batch: SHAPE.batch,
    chunks: 1,
    passOf: () => ({ order, batch: SHAPE.batch, batches: 4, lastValid: SHAPE.batch }),
  });
}

interface More {
  readonly signal?: AbortSignal;
  readonly onStep?: () => Promise<void>;
  /** Changes the parameters that the search begins with. */
  readonly damage?: (values: Map<string, Float32Array>) => void;
}

/** The alphas after an epoch of a search. */
async function searched(conf: Partial<TrainerConf>, { damage, ...more }: More = {}) {
  const network = new FallbackNetwork(smallSupernet(1, 1), SHAPE);
  const values = initialValues(network.params, 7);
  damage?.(values);
  network.load(values);
  try {
    const parts = { network, conf: { ...CONF, ...conf }, seed: 7, train: feed(), alphas: feed(8), ...more };
    const trainer = new FallbackTrainer(parts);
    try {
      const epochs = await trainer.fit();
      return { epochs, alphas: (await network.save(["alphas"])) as ReadonlyMap<string, Float32Array> };
    } finally {
      trainer.dispose();
    }
  } finally {
    network.dispose();
  }
}

const numbers = (vectors: ReadonlyMap<string, Float32Array>) => [...vectors.values()].flatMap((data) => [...data]);

test("the alphas move, to second order elsewhere than to first", async () => {
  const [first, second] = [await searched({ second_order: false }), await searched({})];
  const [a, b] = [numbers(first.alphas), numbers(second.alphas)];
  expect(Math.max(...a.map(Math.abs))).toBeGreaterThan(0.01);
  expect(Math.max(...a.map((value, at) => Math.abs(value - b[at]!)))).toBeGreaterThan(1e-4);
  expect(first.epochs[0]!.train).toMatchObject({ steps: 4, averages: { samples: 8 } });
});

test("without a feed that drives them the alphas stay as they are", async () => {
  const network = new FallbackNetwork(smallSupernet(1, 1), SHAPE);
  network.initialise(7);
  const before = await network.save();
  const trainer = new FallbackTrainer({ network, conf: CONF, seed: 7, train: feed() });
  await trainer.runEpoch(0);
  const after = await network.save();
  const moved = network.params.filter(({ name }) =>
    before.get(name)!.some((value, at) => value !== after.get(name)![at]),
  );
  expect([...new Set(moved.map(({ role }) => role))].sort()).toEqual(["state", "weights"]);
  trainer.dispose();
  network.dispose();
});

test("a training that does not stay finite ends, naming epoch, step and what went bad", async () => {
  const optimizer = { ...PLAIN.optimizer, lr: 1e30 };
  await expect(searched({ optimizer, second_order: false })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: NaN or infinity in training, epoch 1 of 1, step 2 of 4: it came up first in weight model_stems.0._op.0.weight; lower the trainer's optimizer.lr, or bound the gradient with grad_clip]`,
  );
  await expect(
    searched({ second_order: false }, { damage: (values) => values.get("logits_op._op.bias")!.fill(Infinity, 1, 2) }),
  ).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: NaN or infinity in training, epoch 1 of 1, before the first step: it came up first in weight logits_op._op.bias; start from other weights]`,
  );
});

test("settings that the fallback does not know are named with a remedy", async () => {
  await expect(searched({ on_nonfinite: "back_off" })).rejects.toThrow(
    "on_nonfinite: back_off needs WebGPU; set trainer.on_nonfinite: stop",
  );
  await expect(searched({ reference_quirks: true })).rejects.toThrow(
    "reference_quirks need WebGPU; set trainer.reference_quirks: false",
  );
  await expect(searched({ optimizer: { type: "adam", lr: 0.1 } })).rejects.toThrow(
    "needs optimizer.type sgd for the weights, not adam; change it or set second_order: false",
  );
});

test("a run that is aborted ends before its next step", async () => {
  const controller = new AbortController();
  let steps = 0;
  const run = searched(
    { second_order: false },
    {
      signal: controller.signal,
      onStep: async () => {
        steps++;
        controller.abort(new Error("stopped"));
      },
    },
  );
  await expect(run).rejects.toThrow("stopped");
  expect(steps).toBe(1);
});

test("a trained network predicts what the definition says", async () => {
  const desc = smallFinal();
  const network = new FallbackNetwork(desc, { ...SHAPE, affine: true });
  network.initialise(3);
  const values = await network.save();
  const data = uniformData(new Rng(4, 0), 2 * 3 * SIZE * SIZE);
  const graph = evaluationGraph(desc, { ...SHAPE, affine: true }, 0);
  const want = evaluateReference(graph, { inputs: { x: data, y: [0, 0] }, params: Object.fromEntries(values) });
  const logits = want.get("logits")!;
  const images = { data, shape: [2, 3, SIZE, SIZE] as const };
  const got = await predictFallback(network.evaluationProgram(0, 2), images);
  expect(() => network.load(new Map())).toThrow("no values for");
  network.dispose();
  expect(got.length).toBe(logits.length);
  logits.forEach((value, at) => {
    expect(Math.abs(got[at]! - value), `${at}`).toBeLessThan(1e-5);
  });
});

describe("optimizers take the steps of the definition", () => {
  const params: ParamSpec[] = [
    { name: "w", role: "weights", shape: [100], init: { kind: "constant", value: 0 } },
    { name: "gamma", role: "weights", shape: [10], init: { kind: "constant", value: 1 }, batchNorm: true },
  ];
  const layout = new ArenaLayout(params, "weights");
  const decays = { decay: 0.1, decayBatchNorm: 0.02 };
  const specs: Record<string, OptimizerSpec> = {
    sgd: { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: false, ...decays },
    nesterov: { type: "sgd", lr: 0.1, momentum: 0.9, nesterov: true, ...decays },
    adam: { type: "adam", lr: 0.1, betas: [0.9, 0.999], epsilon: 1e-8, ...decays },
    cocob: { type: "cocob", alpha: 100, epsilon: 1e-8 },
  };

  test.each(Object.keys(specs))("%s", (name) => {
    const spec = specs[name]!;
    const rng = new Rng(2, 0);
    const want = Float64Array.from(uniformData(rng, layout.length));
    const defined = referenceOptimizer(spec, layout.length);
    let weights = tf.tensor1d(Float32Array.from(want));
    const optimizer = new FallbackOptimizer(spec, layout, weights);
    for (let step = 0; step < 5; step++) {
      const gradient = uniformData(rng, layout.length);
      const rate = { lr: 0.1 / (step + 1) };
      defined.step(want, gradient, rate, layout.batchNormStart);
      const g = tf.tensor1d(gradient);
      const moved = optimizer.step(weights, g, stepRates(spec, step + 1, rate));
      tf.dispose([weights, g]);
      weights = moved;
    }
    const got = weights.dataSync();
    want.forEach((value, at) => {
      expect(Math.abs(got[at]! - value), `${at}`).toBeLessThan(1e-5);
    });
    optimizer.dispose();
    weights.dispose();
  });
});
