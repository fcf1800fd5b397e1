import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { darts } from "../../src/algos/darts/index.ts";
import type { ExperimentConf } from "../../src/config/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { SupernetError } from "../../src/errors.ts";
import { finalizeModel } from "../../src/nas/finalizers.ts";
import { setUpFixed, setUpSearch, type TrainingSetup } from "../../src/nas/training-setup.ts";
import { PRIMITIVES } from "../../src/ops/mixture.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testAdapter } from "../gpu/engine.ts";
import { type Fault, FaultyDevice } from "../gpu/faulty-device.ts";
import { held, PLAIN, shapes, smallSupernet, trainedBits } from "../gpu/small.ts";
import { cases, damage } from "./damage.ts";

const refusals = damage("the device has no memory for a buffer");

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
const train = async (setUp: () => TrainingSetup): Promise<string> =>
  trainedBits(setUp(), { snapshots: { tell: () => {} } });

/** What is told when the n-th buffer is not there, for each n of them; the engine has lost nothing by it. */
async function told(setUp: () => TrainingSetup, fault: Fault, calls: readonly number[]): Promise<string[]> {
  const before = held(engine);
  const messages: string[] = [];
  for (const call of calls) {
    await refusals.attempt(`buffer ${call}`, async () => {
      faulty.arm("createBuffer", call, fault);
      const error: unknown = await train(setUp).catch((reason: unknown) => reason);
      faulty.disarm("createBuffer");
      expect(error).toBeInstanceOf(SupernetError);
      expect((error as SupernetError).code).toBe("device");
      messages.push((error as SupernetError).message);
      // What was under way when it failed ends by itself.
      await engine.settled();
      expect(held(engine)).toEqual(before);
      engine.check();
    });
  }
  return messages;
}

/** What is found where skip connections win everywhere. */
function smallest(): ModelDesc {
  const desc = smallSupernet(1, 1);
  const skips = PRIMITIVES.map((name) => (name === "skip_connect" ? 1 : 0));
  return finalizeModel(
    desc,
    new Map([0, 1].map((edge) => [`cells.0.dag.0.${edge}._wrapped.alphas_arch_param`, skips])),
  );
}

const common = () => ({ engine, dataset, seed: 1 });

const trainer = {
  ...{ ...PLAIN, title: "train", logger_freq: 0, validation: { freq: 1, lossfn: PLAIN.lossfn }, grad_clip: 5 },
  ...{ alpha_optimizer: { type: "adam", lr: 3e-3 }, alpha_lr_schedule: { type: "" } },
};

const loader = { train_batch: 4, test_batch: 4, cutout: 0, val_ratio: 0, dataset: { max_batches: -1 } };

describe("every buffer of a training", () => {
  const evaluation = { trainer, loader } as unknown as ExperimentConf["nas"]["eval"];
  const setUp = () => setUpFixed(smallest(), { ...common(), ...evaluation });

  test("may be refused by the driver: one error names it, nothing is left, and the engine trains as before", async () => {
    faulty.arm("createBuffer", 0, faulty.throwing);
    const bits = await train(setUp);
    const buffers = faulty.disarm("createBuffer");
    const all = Array.from({ length: buffers }, (_, i) => i + 1);
    const missing = await told(setUp, faulty.outOfMemory, all);
    expect(missing[0]).toMatchInlineSnapshot(
      `"images needs 24.0 KiB, which the device does not have beside the 0.0 KiB that are taken; use a smaller batch, more batch_chunks, or fewer cells or channels"`,
    );
    const whole =
      /^(.+) needs [.\d]+ [KM]iB, which the device does not have beside the [.\d]+ [KM]iB that are taken; use a /;
    expect(missing.filter((message) => !whole.test(message))).toEqual([]);
    expect(missing.length).toBeGreaterThan(50);
    // Some drivers throw instead.
    const some = all.filter((call) => call % cases(4, 1) === 0);
    expect(await told(setUp, faulty.throwing, some)).toEqual(some.map((call) => missing[call - 1]));
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
    const some = Array.from({ length: buffers }, (_, i) => i + 1).filter((call) => call % cases(13, 1) === 0);
    expect(await told(setUp, faulty.outOfMemory, some)).toEqual(await told(setUp, faulty.throwing, some));
    expect(await train(setUp)).toBe(bits);
  });
});
