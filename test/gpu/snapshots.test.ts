import { beforeAll, describe, expect, test } from "vitest";
import { findAlgorithm } from "../../src/algos/index.ts";
import type { Dataset } from "../../src/data/dataset.ts";
import { createTrainer, setUpSearch } from "../../src/nas/training-setup.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { findBadWrite } from "../../src/runtime/webgpu/finite-checks.ts";
import { commandsOf } from "../../src/train/diagnosis.ts";
import type { Snapshot } from "../../src/train/snapshot.ts";
import { timelessEpoch } from "../timeless.ts";
import { toyConf } from "../toy-conf.ts";
import { testEngine } from "./engine.ts";
import { held, shapes } from "./small.ts";

// Trainings that are cut off after any step, and go on elsewhere from their snapshot, end with the same bits.

let engine: Engine;
let dataset: Dataset;
beforeAll(async () => {
  engine = await testEngine();
  dataset = await shapes(32, 8);
});

const OVERRIDES = {
  "nas.search.model_desc.n_cells": 1,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.loader.train_batch": 4,
  "nas.search.loader.dataset.max_batches": 6,
  "nas.search.trainer.epochs": 2,
  "nas.search.trainer.validation.freq": 1,
};

/** What a training comes to, times aside. */
interface Outcome {
  readonly values: ReadonlyMap<string, Float32Array>;
  readonly epochs: readonly unknown[];
  readonly snapshots: readonly Snapshot[];
}

describe.each([
  ["darts", { "nas.search.trainer.batch_chunks": 2 }],
  ["didarts", {}],
  ["gs", {}],
  ["xnas", {}],
  ["divnas", {}],
] as const)("%s", (algo, overrides) => {
  test("goes on from any snapshot to the same bits", async () => {
    const { search: conf } = (await toyConf(algo, { ...OVERRIDES, ...overrides })).nas;
    const method = findAlgorithm(algo).method!;
    const desc = method.builder(conf).build(conf.model_desc);

    const train = async (from?: Snapshot): Promise<Outcome> => {
      const setup = setUpSearch(desc, { engine, method, conf, dataset, seed: 3 });
      const snapshots: Snapshot[] = [];
      const tell = (snapshot: Snapshot) => void snapshots.push(snapshot);
      const trainer = await createTrainer(setup, { snapshots: { tell, every: 1 } });
      const epochs = (await trainer.fit(undefined, from)).map(timelessEpoch);
      const values = await setup.network.save();
      trainer.dispose();
      setup.dispose();
      return { values, epochs, snapshots };
    };

    const before = held(engine);
    const whole = await train();
    const places = whole.snapshots.map(({ epoch, batch }) => `${epoch}.${batch}`);
    // After each of three steps of an epoch, the last among them, and after its validation.
    expect(places).toEqual(["0.1", "0.2", "0.3", "1.0", "1.1", "1.2", "1.3", "2.0"]);
    const start = new Rng(7, 0, algo.length).randint(3);
    for (let at = start; at < places.length; at += 3) {
      const { values, epochs } = await train(whole.snapshots[at]);
      expect(epochs, places[at]).toEqual(whole.epochs);
      expect(values, places[at]).toEqual(whole.values);
    }
    expect(held(engine)).toEqual(before);
  });

  test("writes only finite numbers in a step that goes well", async () => {
    const { search: conf } = (await toyConf(algo, { ...OVERRIDES, ...overrides })).nas;
    const method = findAlgorithm(algo).method!;
    const desc = method.builder(conf).build(conf.model_desc);
    const setup = setUpSearch(desc, { engine, method, conf, dataset, seed: 3 });
    const trainer = await createTrainer(setup);
    trainer.hook?.startEpoch(0);
    const commands = commandsOf((encoder) => trainer.encodeStep(encoder, 0, 0));
    expect(commands.length).toBeGreaterThan(100);
    expect(await findBadWrite(engine, commands)).toBeUndefined();
    trainer.dispose();
    setup.dispose();
  });
});
