import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { queryObjects } from "node:v8";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findAlgorithm } from "../../src/algos/index.ts";
import { nodeFiles } from "../../src/host/node/files.ts";
import { Checkpoint } from "../../src/nas/checkpoint.ts";
import { onlyEngine, survivingLoss } from "../../src/nas/engine-source.ts";
import type { RunFiles } from "../../src/nas/run-files.ts";
import { createTrainer, type SetupContext, setUpSearch, type TrainingSetup } from "../../src/nas/training-setup.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { Snapshot } from "../../src/train/snapshot.ts";
import { testEngine } from "../gpu/engine.ts";
import { held, shapes } from "../gpu/small.ts";
import { toyConf } from "../toy-conf.ts";
import { cases, damage } from "./damage.ts";
import { expectFlat, type Sample, sample } from "./leaks.ts";
import { LosingSource } from "./losing-source.ts";

/** The smallest searches, on drawn images. */
const SMALLEST = {
  "nas.search.model_desc.n_cells": 1,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.cell.n_nodes": 1,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.loader.train_batch": 2,
  "nas.search.loader.test_batch": 2,
  "nas.search.trainer.validation.freq": 1,
};
const STEPS_PER_EPOCH = 50;
const STEPS_PER_CHECKPOINT = 25;

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await testEngine();
  folder = await mkdtemp(join(tmpdir(), "supernet-soak-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What sets the search up, again and again. */
async function search(
  algo: string,
  epochs: number,
  batches: number,
): Promise<(context: SetupContext) => TrainingSetup> {
  const size = { "nas.search.trainer.epochs": epochs, "nas.search.loader.dataset.max_batches": 2 * batches };
  const { search: conf } = (await toyConf(algo, { ...SMALLEST, ...size })).nas;
  const method = findAlgorithm(algo).method!;
  const desc = method.builder(conf).build(conf.model_desc);
  const dataset = await shapes(4 * batches, 8);
  return (context) => setUpSearch(desc, { ...context, method, conf, dataset, seed: 3 });
}

const files: RunFiles = {
  ...nodeFiles,
  listFiles: async (path) => (await nodeFiles.list(path, { recursive: false })).map((file) => file.path),
};

const bytesOf = ({ vectors }: Snapshot) => [...vectors.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);

const checkpointOf = (files: RunFiles) =>
  new Checkpoint(
    {
      path: join(folder, "checkpoint.safetensors"),
      // Every snapshot that comes when the one before is written.
      cadence: { freq: 0, minutes: 0, steps: 0 },
      identity: { seed: "3" },
    },
    { files, onWarning: (message) => expect.unreachable(message) },
  );

it("steps and checkpoints leave nothing behind", async () => {
  const steps = cases(250, 5000);
  // Its steps are a quarter as long as DARTS's, whose second level is built and disposed of below.
  const setUp = await search("didarts", steps / STEPS_PER_EPOCH, STEPS_PER_EPOCH);
  const abort = new AbortController();
  const before = held(engine);
  const setup = setUp({ engine, signal: abort.signal });
  let written = 0;
  const writeFile: RunFiles["writeFile"] = async (...file) => {
    await files.writeFile(...file);
    written++;
  };
  const checkpoint = checkpointOf({ ...files, writeFile });
  let last: Snapshot | undefined;
  const tell = (snapshot: Snapshot) => {
    last = snapshot;
    checkpoint.offer(snapshot);
  };
  const snapshots = { tell, every: STEPS_PER_CHECKPOINT };
  const trainer = await createTrainer(setup, { signal: abort.signal, snapshots });

  const walk = async () => {
    const samples: Sample[] = [];
    await trainer.fit(async () => {
      await checkpoint.keep();
      samples.push(await sample(engine, [abort.signal, engine.lost]));
    });
    await checkpoint.keep();
    // The records of an epoch are the training's result: a few objects. A step that leaves one would leave one each.
    expectFlat(samples, { objects: STEPS_PER_EPOCH / 2, heap: bytesOf(last!) });
    trainer.dispose();
    setup.dispose();
    expect(held(engine)).toEqual(before);
  };
  await damage("soak: training steps").attempt(`${steps} steps`, walk, steps);
  const reread = async () => {
    expect(written).toBeGreaterThanOrEqual(steps / STEPS_PER_CHECKPOINT);
    expect(await readdir(folder)).toEqual(["checkpoint.safetensors"]);
    expect(await checkpointOf(files).read()).toEqual(last);
  };
  await damage("soak: checkpoints").attempt(`${written} checkpoints`, reread, written);
});

it("trainings that are built and disposed of leave nothing behind", async () => {
  const cycles = cases(5, 50);
  const setUp = await search("darts", 1, 2);
  const { signal } = new AbortController();
  let last: Snapshot | undefined;
  const tell = (snapshot: Snapshot) => {
    last = snapshot;
  };
  const run = async (engine: Engine, signal: AbortSignal) => {
    const setup = setUp({ engine, signal });
    const trainer = await createTrainer(setup, { signal, snapshots: { tell } });
    await trainer.fit();
    trainer.dispose();
    setup.dispose();
  };
  const repeat = async () => {
    const samples = [await sample(engine, [signal, engine.lost])];
    for (let i = 0; i < cycles; i++) {
      await survivingLoss(onlyEngine(engine), { control: { signal }, run });
      samples.push(await sample(engine, [signal, engine.lost]));
    }
    expectFlat(samples, { objects: 1, heap: bytesOf(last!) });
  };
  await damage("soak: trainings built and disposed of").attempt(`${cycles} trainings`, repeat, cycles);
});

it("devices that are lost leave nothing behind", async () => {
  const cycles = cases(4, 50);
  const { signal } = new AbortController();
  const setUp = await search("didarts", 1, 2);
  const lose = async () => {
    const source = new LosingSource([{ point: "submit", call: 3 }]);
    const run = async (engine: Engine, signal: AbortSignal) => {
      const setup = setUp({ engine, signal });
      const trainer = await createTrainer(setup, { signal });
      await trainer.fit();
    };
    await survivingLoss(source, { control: { signal }, run });
    expect(source.lost).toBe(1);
    await source.dispose();
  };
  const repeat = async () => {
    const samples = [];
    for (let i = 0; i < cycles; i++) {
      await lose();
      samples.push({
        ...(await sample(engine, [signal, engine.lost])),
        engines: queryObjects(Engine, { format: "count" }),
      });
    }
    expectFlat(samples, { objects: 1, heap: 2 ** 20 });
    // Dawn's objects go with the engines that refer to them.
    expect(samples.map(({ engines }) => engines)).toEqual(samples.map(() => 1));
  };
  await damage("soak: devices lost and opened").attempt(`${cycles} devices`, repeat, cycles);
});
