import { beforeAll, describe, expect, test } from "vitest";
import { darts } from "../../src/algos/darts/index.ts";
import { DivnasModelDescBuilder } from "../../src/algos/divnas/builder.ts";
import { divnas } from "../../src/algos/divnas/index.ts";
import { withOwnAlphas } from "../../src/algos/xnas/builder.ts";
import { xnas } from "../../src/algos/xnas/index.ts";
import type { ExperimentConf } from "../../src/config/index.ts";
import { loadDataset } from "../../src/data/load.ts";
import type { ModelDesc } from "../../src/desc/model-desc.ts";
import { type ForecastOptions, forecastImages, forecastMemory } from "../../src/nas/forecast.ts";
import { createTrainer, setUpFixed, setUpSearch } from "../../src/nas/training-setup.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { paperDevice } from "../../src/runtime/webgpu/paper-device.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { newEngine } from "./engine.ts";
import { PLAIN, smallExperts, smallFinal, smallSupernet } from "./small.ts";

const dataset = { name: "shapes", n_classes: 10, channels: 3, train_size: 60, test_size: 20, max_batches: -1 };

const trainer = { ...PLAIN, title: "train", logger_freq: 0, validation: { freq: 1, lossfn: PLAIN.lossfn } };

/** The part of a conf that a training reads. */
function confOf(batch: number, chunks: number, more: object = {}): ExperimentConf {
  const loader = { train_batch: batch, test_batch: batch + 1, cutout: 8, dataset };
  const training = { ...trainer, ...more, batch_chunks: chunks, grad_clip: 5 };
  const alphas = { alpha_optimizer: { type: "adam", lr: 3e-3 }, alpha_lr_schedule: { type: "" } };
  return {
    nas: {
      search: { loader: { ...loader, val_ratio: 0.5 }, trainer: { ...training, ...alphas } },
      eval: { loader: { ...loader, val_ratio: 0 }, trainer: training },
    },
  } as unknown as ExperimentConf;
}

/** What a run allocates until it takes its first step. */
async function allocated(
  engine: Engine,
  desc: ModelDesc,
  { conf, phase, method }: Pick<ForecastOptions, "conf" | "phase" | "method">,
) {
  const { search, eval: evaluation } = conf.nas;
  const common = { engine, dataset: await loadDataset(dataset, { exists: never, read: never }), seed: 3 };
  const setup =
    phase === "search"
      ? setUpSearch(desc, { ...common, method: method!, conf: search })
      : setUpFixed(desc, { ...common, trainer: evaluation.trainer, loader: evaluation.loader });
  const built = await createTrainer(setup, { snapshots: { tell: () => {} } });
  const { liveBytes, liveBuffers } = engine.buffers;
  const result = { bytes: liveBytes, buffers: liveBuffers, roles: engine.buffers.bytesByRole() };
  await built.fit();
  await setup.covariances?.run();
  expect(engine.buffers.liveBytes, "training allocates nothing more").toBe(liveBytes);
  built.dispose();
  setup.dispose();
  expect(engine.buffers.bytesByRole()).toEqual(Object.fromEntries(Object.keys(result.roles).map((role) => [role, 0])));
  return result;
}

const never = async (): Promise<never> => {
  throw new Error("shapes are drawn, not read");
};

describe("a forecast of a run's memory is what the run allocates, to the byte", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await newEngine();
  });

  test.each([
    ["a search to second order", smallSupernet(2, 2), "search", confOf(8, 1), darts],
    [
      "a search with the reference's quirks, in parts",
      smallSupernet(1, 2),
      "search",
      confOf(8, 2, { reference_quirks: true }),
      darts,
    ],
    ["a search to first order", smallSupernet(1, 2), "search", confOf(8, 1, { second_order: false }), darts],
    ["a search with experts, in parts", smallExperts(), "search", confOf(8, 2), xnas],
    [
      "a search with experts as the reference does",
      withOwnAlphas(smallExperts()),
      "search",
      confOf(4, 2, { reference_quirks: true }),
      xnas,
    ],
    ["a training of a found network, in parts", smallFinal(), "eval", confOf(12, 3, { drop_path_prob: 0.2 }), darts],
  ] as const)("%s", async (_, desc, phase, conf, { method }) => {
    await expectForecast(desc, { conf, phase, method });
  });

  test("a search whose candidates are compared", async () => {
    const conf = confOf(8, 2, { second_order: false });
    const search = { ...conf.nas.search, finalizer: "mi" } as const;
    const desc = new DivnasModelDescBuilder().build({ ...MODEL_DESC, n_cells: 1, n_reductions: 0 });
    await expectForecast(desc, {
      conf: { ...conf, nas: { ...conf.nas, search } },
      phase: "search",
      method: divnas.method,
    });
  });

  async function expectForecast(desc: ModelDesc, run: Pick<ForecastOptions, "conf" | "phase" | "method">) {
    const { bytes, buffers, roles } = await forecastMemory(desc, {
      ...run,
      paper: () => new Engine(paperDevice("software")),
      load: forecastImages(never),
    });
    expect({ bytes, buffers, roles }).toEqual(await allocated(engine, desc, run));
    expect(Object.values(roles).reduce((sum, part) => sum + part, 0)).toBe(bytes);
  }
});
