import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { algorithmNames, findAlgorithm } from "../../src/algos/index.ts";
import { readSafetensors } from "../../src/export/safetensors.ts";
import { searches } from "../../src/nas/algorithm.ts";
import { PHASES, type Phase } from "../../src/nas/phase.ts";
import { testEngine } from "./engine.ts";
import { type Files, toyExperiment } from "./experiment.ts";

// Every algorithm's toy conf from search to evaluation, in few steps: what it writes, and that a repetition writes the same.

/** Few images in small batches, once; what is found is evaluated in one cell, which compiles sooner. */
const FEW_STEPS = {
  "dataset.train_size": 256,
  "dataset.test_size": 64,
  "nas.search.loader.train_batch": 8,
  "nas.search.loader.dataset.max_batches": 4,
  "nas.search.trainer.epochs": 1,
  "nas.eval.loader.train_batch": 8,
  "nas.eval.loader.test_batch": 32,
  "nas.eval.loader.dataset.max_batches": 4,
  "nas.eval.trainer.epochs": 1,
  "nas.eval.model_desc.n_cells": 1,
  "nas.eval.model_desc.n_reductions": 0,
};

/** What every algorithm writes, by folder. */
const FILES = [
  "eval/config_used.yaml",
  "eval/eval_train_metrics.yaml",
  "eval/final_model_desc.yaml",
  "eval/full_model_desc.yaml",
  "eval/log.log",
  "eval/log.yaml",
  "eval/model.safetensors",
  "search/config_used.yaml",
  "search/final_model_desc.yaml",
  "search/full_model_desc.yaml",
  "search/log.log",
  "search/log.yaml",
  "search/search_train_metrics.yaml",
];

const GALLERY_PLOTS = ["accuracy_flops", "accuracy_madds", "accuracy_params"].map(
  (what) => `model_gallery_${what}.svg`,
);
const trained = (path: string) => ["json", "safetensors", "yaml"].map((ending) => `${path}.${ending}`);

/** Two seeds and what grew from one of them, the gallery of their hull, and its evaluation. */
const PETRIDISH_FILES = [
  ...["model_desc_0", "model_desc_1"].flatMap((name) => [
    `search/model_desc_gallery/${name}.yaml`,
    `eval/model_desc_gallery/${name}.yaml`,
    `eval/model_desc_gallery/${name}.safetensors`,
    ...trained(`eval/model_desc_gallery/trained/${name}`),
  ]),
  ...["0001_seed", "0002_seed", "0003_candidate", "0003_child"].flatMap((name) =>
    trained(`search/petridish_search_checkpoints/${name}`),
  ),
  ...GALLERY_PLOTS.flatMap((name) => [`search/${name}`, `eval/${name}`]),
  "eval/full_pool.tsv",
  "search/convex_hull.svg",
  "search/full_pool.tsv",
  "search/pareto_eps_summary.tsv",
  "search/pareto_front_summary.tsv",
  "search/pareto_xy.tsv",
  "search/seed_models_madds.svg",
];

interface Toy {
  readonly algo: string;
  /** Beyond `FILES`. */
  readonly more?: readonly string[];
  /** Of `FILES`, for want of a supernet to train, or of a search. */
  readonly less?: readonly string[];
  readonly overrides?: Readonly<Record<string, unknown>>;
}

const TOYS: readonly Toy[] = [
  { algo: "darts" },
  { algo: "didarts" },
  { algo: "divnas" },
  { algo: "gs" },
  { algo: "manual", less: ["eval/final_model_desc.yaml"] },
  { algo: "nasbench101", less: ["eval/final_model_desc.yaml"], overrides: { "nas.eval.model_desc.n_cells": 3 } },
  {
    algo: "petridish",
    more: PETRIDISH_FILES,
    less: ["search/full_model_desc.yaml", "search/search_train_metrics.yaml"],
    overrides: { "nas.eval.model_desc.n_cells": 3 },
  },
  { algo: "random", less: ["search/search_train_metrics.yaml"] },
  { algo: "xnas" },
];

test("none is forgotten", () => {
  expect(TOYS.map(({ algo }) => algo).sort()).toEqual([...algorithmNames].sort());
});

// Files say when and how long. Where the clock stands still, they differ in nothing but what was computed.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 0 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Those that an algorithm has. */
const phasesOf = (algo: string): readonly Phase[] => (searches(findAlgorithm(algo)) ? PHASES : ["eval"]);

async function run({ algo, overrides }: Toy): Promise<Files> {
  const { runner, files } = await toyExperiment(await testEngine(), algo, { ...FEW_STEPS, ...overrides });
  const phases = phasesOf(algo);
  await runner.loadData(phases);
  if (phases.includes("search")) {
    await runner.search();
    await runner.copySearchToEval();
  }
  await runner.evaluate();
  return files;
}

test.each(TOYS)("$algo writes all its files, with finite numbers, and the same bytes again", async (toy) => {
  const engine = await testEngine();
  const { liveBuffers } = engine.buffers;
  const files = await run(toy);
  expect(engine.buffers.liveBuffers, "buffers that are left").toBe(liveBuffers);

  const common = FILES.filter((name) => phasesOf(toy.algo).some((phase) => name.startsWith(`${phase}/`)));
  const wanted = [...common.filter((name) => !toy.less?.includes(name)), ...(toy.more ?? [])];
  const folder = `/logs/${toy.algo}_shapes_tiny_`;
  expect([...files.keys()].map((path) => path.replace(folder, "")).sort()).toEqual(wanted.sort());
  const tensors = readSafetensors(files.get(`${folder}eval/model.safetensors`) as Uint8Array);
  expect(tensors.size).toBeGreaterThan(10);
  for (const [name, { data }] of tensors) expect(data.every(Number.isFinite), name).toBe(true);

  const again = await run(toy);
  const differing = [...files].flatMap(([path, data]) => (equal(data, again.get(path)) ? [] : [path]));
  expect(differing).toEqual([]);
  expect(again.size).toBe(files.size);
});

function equal(a: string | Uint8Array, b: string | Uint8Array | undefined): boolean {
  return b !== undefined && Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0;
}
