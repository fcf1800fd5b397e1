import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { darts } from "../../src/algos/darts/index.ts";
import type { ExperimentConf } from "../../src/config/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { SupernetError } from "../../src/errors.ts";
import { createTrainer, setUpFixed, setUpSearch, type TrainingSetup } from "../../src/nas/training-setup.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testAdapter } from "./engine.ts";
import { type Fault, FaultyDevice } from "./faulty-device.ts";
import { held, PLAIN, shapes, smallFinal, smallSupernet } from "./small.ts";

const long = process.env.RELIABILITY_LONG === "1";

let faulty: FaultyDevice;
let engine: Engine;
let dataset: Dataset;
beforeAll(async () => {
  faulty = new FaultyDevice(await (await testAdapter()).requestDevice());
  engine = new Engine({ device: faulty.device, kind: "software" });
  dataset = await shapes(8, 4);
});
afterAll(async () => {
  engine.dispose();
  faulty.device.destroy();
  await engine.settled();
});

/** Trains to the end. @returns all parameters */
async function train(setUp: () => TrainingSetup): Promise<string> {
  const setup = setUp();
  try {
    const trainer = await createTrainer(setup, { snapshots: { tell: () => {} } });
    try {
      await trainer.fit();
      const values = await setup.network.save();
      return [...values.values()].map((data) => Buffer.from(data.slice().buffer).toString("base64")).join();
    } finally {
      trainer.dispose();
    }
  } finally {
    setup.dispose();
  }
}

/** What is told when the n-th buffer is not there, for each n of them; the engine has lost nothing by it. */
async function told(setUp: () => TrainingSetup, fault: Fault, calls: readonly number[]): Promise<string[]> {
  const before = held(engine);
  const messages: string[] = [];
  for (const call of calls) {
    faulty.arm("createBuffer", call, fault);
    const error: unknown = await train(setUp).then(
      () => undefined,
      (reason) => reason,
    );
    faulty.disarm("createBuffer");
    expect(error, `buffer ${call}`).toBeInstanceOf(SupernetError);
    expect((error as SupernetError).code).toBe("device");
    messages.push((error as SupernetError).message);
    // What was under way when it failed ends by itself.
    await engine.settled();
    expect(held(engine), `after buffer ${call}`).toEqual(before);
    engine.check();
  }
  return messages;
}

const common = () => ({ engine, dataset, seed: 1 });

const trainer = {
  ...{ ...PLAIN, title: "train", logger_freq: 0, validation: { freq: 1, lossfn: PLAIN.lossfn }, grad_clip: 5 },
  ...{ alpha_optimizer: { type: "adam", lr: 3e-3 }, alpha_lr_schedule: { type: "" } },
};

const loader = { train_batch: 4, test_batch: 4, cutout: 0, val_ratio: 0, dataset: { max_batches: -1 } };

describe("every buffer of a training", () => {
  const evaluation = { trainer, loader } as unknown as ExperimentConf["nas"]["eval"];
  const setUp = () => setUpFixed(smallFinal(), { ...common(), ...evaluation });

  test("may be refused by the driver: one error names it, nothing is left, and the engine trains as before", async () => {
    faulty.arm("createBuffer", 0, faulty.throwing);
    const bits = await train(setUp);
    const buffers = faulty.disarm("createBuffer");
    const all = Array.from({ length: buffers }, (_, i) => i + 1);
    const thrown = await told(setUp, faulty.throwing, all);
    expect(thrown).toMatchInlineSnapshot(`
      [
        "images: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "more images: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "labels: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "images: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "more images: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "labels: the device has no 0.0 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch images: the device has no 0.1 MiB left beside the 0.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch labels: the device has no 0.0 MiB left beside the 0.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "order: the device has no 0.0 MiB left beside the 0.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch images: the device has no 0.1 MiB left beside the 0.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch labels: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "order: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "weights parameters: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "alphas parameters: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "state parameters: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "state next: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "step: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "step chunks: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "metrics: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "metrics: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "weights gradient: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "alphas gradient: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "weights momentum: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "gradient norm partial sums: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "gradient norm: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output logits: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output loss: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output top1: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output top5: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output logits: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output loss: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output top1: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "output top5: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "step: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "step chunks: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "metrics: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "metrics: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "snapshot of weights: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "snapshot of alphas: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "snapshot of state: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "snapshot of weights momentum: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "snapshot of metrics: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch uniforms: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "batch uniforms: the device has no 0.0 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "temporaries 0: the device has no 0.8 MiB left beside the 0.2 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "temporaries 1: the device has no 0.6 MiB left beside the 1.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "temporaries 2: the device has no 0.4 MiB left beside the 1.6 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "temporaries 3: the device has no 0.1 MiB left beside the 2.0 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "program uniforms: the device has no 0.1 MiB left beside the 2.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "evaluation metrics uniforms: the device has no 0.0 MiB left beside the 2.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "program uniforms: the device has no 0.2 MiB left beside the 2.1 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "metrics uniforms: the device has no 0.0 MiB left beside the 2.3 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "weight update uniforms: the device has no 0.0 MiB left beside the 2.3 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "read back: the device has no 0.0 MiB left beside the 2.3 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "read back: the device has no 0.0 MiB left beside the 2.3 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
        "read back: the device has no 0.0 MiB left beside the 2.3 MiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels",
      ]
    `);
    expect(await told(setUp, faulty.outOfMemory, all)).toEqual(thrown);
    expect(await train(setUp)).toBe(bits);
  });
});

describe("every buffer of a search in chunks", () => {
  const conf = {
    ...{ loader: { ...loader, val_ratio: 0.5 }, trainer: { ...trainer, batch_chunks: 2 } },
  } as unknown as ExperimentConf["nas"]["search"];
  const setUp = () => setUpSearch(smallSupernet(1, 1), { ...common(), method: darts.method!, conf });

  test("may be refused, too", async () => {
    faulty.arm("createBuffer", 0, faulty.throwing);
    const bits = await train(setUp);
    const buffers = faulty.disarm("createBuffer");
    const some = Array.from({ length: buffers }, (_, i) => i + 1).filter((call) => long || call % 9 === 0);
    expect(await told(setUp, faulty.outOfMemory, some)).toEqual(await told(setUp, faulty.throwing, some));
    expect(await train(setUp)).toBe(bits);
  });
});
