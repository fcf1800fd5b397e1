import { expect, test } from "vitest";
import { modelOf } from "../../src/desc/network-desc.ts";
import { modelDescToYaml, parseNetworkDesc } from "../../src/desc/yaml.ts";
import { readSafetensors } from "../../src/export/safetensors.ts";
import { Classifier } from "../../src/nas/classifier.ts";
import { testEngine } from "./engine.ts";
import { toyExperiment } from "./experiment.ts";
import { smallFinal } from "./small.ts";

/** Two steps, and as few images to test on. */
const TINY = {
  "nas.eval.loader.train_batch": 8,
  "nas.eval.loader.test_batch": 8,
  "nas.eval.loader.dataset.max_batches": 2,
  "nas.eval.trainer.epochs": 1,
};

/** The small shake-shake network draws random numbers in every step, so a repeated run is one that repeats these, too. */
const SHAKE = "shakeshake8_2x4d";

const LAYERS = { name: "layer1.0.branch1.1.weight", shape: [4, 16, 3, 3] };

test("manual trains a hand-written network, writes all artifacts, and does so twice to the bit", async () => {
  const engine = await testEngine();
  const before = engine.buffers.liveBuffers;
  const run = async () => {
    const { runner, files } = await toyExperiment(engine, "manual", { ...TINY, "nas.eval.model_factory_spec": SHAKE });
    return { ...(await runner.evaluate()), files };
  };
  const { desc, run: record, image, files } = await run();
  expect(engine.buffers.liveBuffers, "buffers that an experiment leaves behind").toBe(before);
  expect(desc).toEqual({ factory: SHAKE, images: "small", dsCh: 3, nClasses: 10 });
  expect(record.epochs[0]!.val!.averages.samples).toBe(16);
  expect([...files.keys()].sort()).toMatchInlineSnapshot(`
    [
      "/logs/manual_shapes_tiny_eval/config_used.yaml",
      "/logs/manual_shapes_tiny_eval/eval_train_metrics.yaml",
      "/logs/manual_shapes_tiny_eval/full_model_desc.yaml",
      "/logs/manual_shapes_tiny_eval/log.log",
      "/logs/manual_shapes_tiny_eval/log.yaml",
      "/logs/manual_shapes_tiny_eval/model.safetensors",
    ]
  `);
  const path = "/logs/manual_shapes_tiny_eval/full_model_desc.yaml";
  expect(parseNetworkDesc(String(files.get(path)), path)).toEqual(desc);

  const weights = files.get("/logs/manual_shapes_tiny_eval/model.safetensors") as Uint8Array;
  const tensors = readSafetensors(weights);
  expect(tensors.get(LAYERS.name)!.shape).toEqual(LAYERS.shape);
  expect(tensors.has("layer1.0.branch1.2.running_mean")).toBe(true);
  expect((await run()).files.get("/logs/manual_shapes_tiny_eval/model.safetensors")).toEqual(weights);

  const classifier = await Classifier.create(engine, { desc, tensors, image, ...image, dropPath: false });
  const probabilities = await classifier.classify(new Float32Array(3 * 32 * 32).fill(0.5));
  classifier.dispose();
  expect(probabilities).toHaveLength(10);
  expect(probabilities.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
});

test("any other algorithm evaluates the hand-written network that its conf names", async () => {
  const overrides = { ...TINY, "nas.eval.model_factory_spec": "wrn-10-1" };
  const { runner } = await toyExperiment(await testEngine(), "darts", overrides);
  const { desc, run } = await runner.evaluate();
  expect(desc).toMatchObject({ factory: "wrn-10-1" });
  expect(Number.isFinite(run.epochs[0]!.train.averages.loss)).toBe(true);
});

test("images that are too small are refused before anything is trained", async () => {
  const { runner, files } = await toyExperiment(await testEngine(), "manual", {
    "nas.eval.model_factory_spec": "torchvision.models.vgg11",
  });
  await expect(runner.evaluate()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: vgg for large images ends in 7x7 features but gets 1x1: its images must be 224x224 or a multiple of that; scale them, or take the version for small images: archai.supergraph.models.<name> in nas.eval.model_factory_spec]`,
  );
  expect([...files.keys()].filter((path) => path.endsWith(".safetensors"))).toEqual([]);
});

test("without a spec, manual trains the cells of the description that its conf names", async () => {
  const mine = "/mine.yaml";
  const { runner, files } = await toyExperiment(await testEngine(), "manual", {
    ...TINY,
    "nas.eval.model_factory_spec": "",
    "nas.eval.final_desc_filename": mine,
    "nas.eval.model_desc.n_reductions": 0,
  });
  files.set(mine, modelDescToYaml(smallFinal()));
  const { desc } = await runner.evaluate();
  expect(modelOf(desc).cellDescs.map(({ nodes }) => nodes.length)).toEqual([2, 2, 2]);
});

test("nasbench101 trains the cell of its conf", async () => {
  const { runner, files } = await toyExperiment(await testEngine(), "nasbench101", TINY);
  const { desc, run } = await runner.evaluate();
  expect(desc).toMatchObject({ cellDescs: [{ outShape: [8, -1, -1, -1] }, { outShape: [16, -1, -1, -1] }, {}] });
  expect(Number.isFinite(run.epochs[0]!.val!.averages.loss)).toBe(true);
  const path = "/logs/nasbench101_shapes_tiny_eval/full_model_desc.yaml";
  expect(parseNetworkDesc(String(files.get(path)), path)).toEqual(desc);
});
