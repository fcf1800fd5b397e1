import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { loadConfig, parseExperimentConf } from "../../../../src/config/index.ts";
import { ownDatasetConf } from "../../../../src/data/own/conf.ts";
import { batchFor, trainPass } from "../../../../src/data/sampler.ts";
import { maxSamples, splitTrainVal } from "../../../../src/data/split.ts";
import type { DatasetReport } from "../../../../src/worker/protocol.ts";

const root = join(import.meta.dirname, "../../../..");

function reportOf(train: readonly number[], size = 32): DatasetReport {
  const classes = train.map((_, i) => `c${i}`);
  return { name: "pets", classes, size, channels: 3, train, test: train.map(() => 2), skipped: [], samples: [] };
}

async function confOf(report: DatasetReport, full: boolean, dataroot?: string) {
  const own = ownDatasetConf(report, { full, ...(dataroot !== undefined && { dataroot }) });
  const files = { read: (path: string) => (path === "own.yaml" ? own : readFileSync(join(root, path), "utf8")) };
  const { tree, places } = await loadConfig(`confs/algos/darts${full ? "" : "_toy"}.yaml;own.yaml`, { files });
  return parseExperimentConf(tree, places);
}

test("laid over an algorithm's conf, it names the data set everywhere", async () => {
  for (const full of [false, true]) {
    const { nas } = await confOf(reportOf([20, 30, 40]), full, 'C:\\own "data"');
    for (const { dataset } of [nas.search.loader, nas.eval.loader]) {
      expect(dataset).toMatchObject({ name: "pets", n_classes: 3, channels: 3, dataroot: 'C:\\own "data"' });
    }
    expect(nas.search.model_desc.dataset).toMatchObject({ n_classes: 3 });
  }
});

test("batches are filled, whatever the number of images", async () => {
  const counts = fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 2, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      counts.filter((train) => train.reduce((a, b) => a + b) >= 16),
      fc.boolean(),
      async (train, full) => {
        const { nas } = await confOf(reportOf(train), full);
        const labels = Uint32Array.from(train.flatMap((count, label) => Array<number>(count).fill(label)));
        for (const { loader, trainer } of [nas.search, nas.eval]) {
          const max = maxSamples(loader.dataset.max_batches, loader.train_batch);
          const parts = splitTrainVal(labels, { valRatio: loader.val_ratio, max, seed: 1 });
          const smaller = parts.val.length > 0 ? Math.min(parts.train.length, parts.val.length) : parts.train.length;
          const batch = batchFor(smaller, loader.train_batch, "training");
          expect(batch).toBe(loader.train_batch);
          const { batches } = trainPass(parts.train, batch, { seed: 1, stream: 2, epoch: 0 });
          expect(batches).toBeGreaterThanOrEqual(2);
          expect(batches * trainer.epochs).toBeGreaterThanOrEqual(full ? 100 : 16);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("toy settings", () => {
  expect(ownDatasetConf(reportOf([40, 40]))).toMatchInlineSnapshot(`
    "# Imported images: pets.supernet below dataroot.
    dataset:
      name: "pets"
      n_classes: 2
      channels: 3
      dataroot: "$default_dataroot"
      max_batches: -1
      storage_name: ""
    dataset_eval:
      dataroot: "$default_dataroot"

    nas:
      search:
        # The same images as in the search: what validates networks must not have trained their alphas or their ancestors.
        seed_train:
          loader:
            train_batch: 8
            dataset:
              max_batches: 10
        post_train:
          skip_unless_compared: True # where nothing is chosen by it, what it trains is thrown away
          loader:
            train_batch: 8
            dataset:
              max_batches: 10
        model_desc:
          model_stems:
            init_node_ch: 4
            stem_multiplier: 3
        loader:
          train_batch: 8
          dataset:
            max_batches: 10 # divided between weights and alphas by val_ratio
        trainer:
          epochs: 4
          alpha_optimizer:
            lr: 0.01 # few steps, so large ones
      eval:
        model_desc:
          n_cells: 3
          n_reductions: 1
          aux_weight: 0.0 # meant for deep networks
          model_stems:
            init_node_ch: 8
        loader:
          train_batch: 16
          cutout: 0 # meant for hundreds of epochs, as is drop path
          val_ratio: 0.0
          dataset:
            max_batches: 32
        trainer:
          epochs: 20
          aux_weight: 0.0
          drop_path_prob: 0.0
          optimizer:
            lr: 0.1 # likewise
    "
  `);
});

test("the paper's settings, without the tower that needs 32x32 pixels", () => {
  expect(ownDatasetConf(reportOf([1000, 1000], 64), { full: true })).toMatchInlineSnapshot(`
    "# Imported images: pets.supernet below dataroot.
    dataset:
      name: "pets"
      n_classes: 2
      channels: 3
      dataroot: "$default_dataroot"
      max_batches: -1
      storage_name: ""
    dataset_eval:
      dataroot: "$default_dataroot"

    nas:
      search:
        loader:
          train_batch: 64
      eval:
        model_desc:
          aux_weight: 0.0 # made for 32x32 images
        loader:
          train_batch: 96
          cutout: 32 # half of a side
    "
  `);
});
