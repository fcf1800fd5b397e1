import { beforeAll, describe, expect, it } from "vitest";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import type { SearchState } from "../../src/nas/environment.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testEngine } from "./engine.ts";
import { type Files, toyExperiment } from "./experiment.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

/** Few images, so that compiling is what takes the time. */
const SMALL = {
  "dataset.train_size": 128,
  "dataset.test_size": 32,
  "nas.search.seed_train.loader.dataset.max_batches": 4,
  "nas.search.post_train.loader.dataset.max_batches": 4,
  "nas.search.loader.dataset.max_batches": 4,
  "nas.search.trainer.epochs": 1,
  "nas.eval.loader.dataset.max_batches": 2,
  "nas.eval.trainer.epochs": 1,
};

const SEARCH = "/logs/petridish_shapes_tiny_search";
const EVAL = "/logs/petridish_shapes_tiny_eval";

/** Files whose bytes say what was found; logs and metrics of single runs have times in them. */
function found(files: Files): Map<string, string | Uint8Array> {
  return new Map([...files].filter(([path]) => !/\/log\.(log|yaml)$|\/eval_train_metrics\.yaml$/.test(path)).sort());
}

async function whole(): Promise<Files> {
  const { runner, files } = await toyExperiment(engine, "petridish", SMALL);
  await runner.search();
  await runner.copySearchToEval();
  await runner.evaluate();
  return files;
}

describe("a toy run", () => {
  let files: Files;
  beforeAll(async () => {
    files = await whole();
  });

  it("leaves a gallery, tables, plots, and each training's network, weights and metrics", () => {
    const names = [...files.keys()].sort();
    const below = (folder: string) =>
      names.filter((name) => name.startsWith(`${folder}/`)).map((name) => name.slice(folder.length + 1));
    expect(below(SEARCH).filter((name) => !name.startsWith("model_desc_gallery/"))).toMatchInlineSnapshot(`
      [
        "config_used.yaml",
        "convex_hull.svg",
        "final_model_desc.yaml",
        "full_pool.tsv",
        "log.log",
        "log.yaml",
        "model_gallery_accuracy_flops.svg",
        "model_gallery_accuracy_madds.svg",
        "model_gallery_accuracy_params.svg",
        "pareto_eps_summary.tsv",
        "pareto_front_summary.tsv",
        "pareto_xy.tsv",
        "petridish_search_checkpoints/0001_seed.json",
        "petridish_search_checkpoints/0001_seed.safetensors",
        "petridish_search_checkpoints/0001_seed.yaml",
        "petridish_search_checkpoints/0002_seed.json",
        "petridish_search_checkpoints/0002_seed.safetensors",
        "petridish_search_checkpoints/0002_seed.yaml",
        "petridish_search_checkpoints/0003_candidate.json",
        "petridish_search_checkpoints/0003_candidate.safetensors",
        "petridish_search_checkpoints/0003_candidate.yaml",
        "petridish_search_checkpoints/0003_child.json",
        "petridish_search_checkpoints/0003_child.safetensors",
        "petridish_search_checkpoints/0003_child.yaml",
        "seed_models_madds.svg",
      ]
    `);
    expect(below(EVAL).filter((name) => !name.includes("/"))).toMatchInlineSnapshot(`
      [
        "config_used.yaml",
        "eval_train_metrics.yaml",
        "final_model_desc.yaml",
        "full_model_desc.yaml",
        "full_pool.tsv",
        "log.log",
        "log.yaml",
        "model.safetensors",
        "model_gallery_accuracy_flops.svg",
        "model_gallery_accuracy_madds.svg",
        "model_gallery_accuracy_params.svg",
      ]
    `);
    const gallery = below(`${SEARCH}/model_desc_gallery`);
    expect(gallery.length).toBeGreaterThan(0);
    for (const name of gallery) {
      expect(files.get(`${EVAL}/model_desc_gallery/${name}`)).toBe(files.get(`${SEARCH}/model_desc_gallery/${name}`));
      expect(names).toContain(`${EVAL}/model_desc_gallery/trained/${name.replace(".yaml", ".safetensors")}`);
    }
  });

  it("has a third network that one of the two seeds has grown to, by a node of three ops", () => {
    const pool = String(files.get(`${SEARCH}/full_pool.tsv`))
      .split("\n")
      .map((line) => line.split("\t"));
    expect(pool.map((row) => row[1])).toEqual(["job_stage", "SEED_TRAINED", "SEED_TRAINED", "SEARCH_TRAINED"]);
    const path = `${SEARCH}/petridish_search_checkpoints/0003_child.yaml`;
    const { cellDescs } = parseModelDesc(String(files.get(path)), path);
    for (const { nodes } of cellDescs) {
      const [, grown] = nodes;
      expect(nodes).toHaveLength(3);
      expect(grown!.edges[0]!.opDesc).toMatchObject({ name: "multi_op", childrenIns: { length: 3 } });
    }
  });

  it("goes on where it was interrupted, and ends with the same bytes", async () => {
    const resume = { ...SMALL, "nas.search.resume": "True", "nas.eval.resume": "True" };
    const stop = new AbortController();
    const kept: Files = new Map();
    const cut = await toyExperiment(engine, "petridish", resume, "shapes", {
      files: kept,
      signal: stop.signal,
      // In the middle of the candidate's training: both seeds are done.
      onProgress: (title) => title === "arch_train" && stop.abort(new Error("interrupted")),
    });
    await expect(cut.runner.search()).rejects.toThrow("interrupted");
    const seeds = [...kept.keys()].filter((path) => path.endsWith("_seed.json"));
    expect(seeds).toHaveLength(2);
    // As two workers may leave: a job that was over before anybody knew that the pool would be full without it.
    for (const [path, content] of [...kept]) {
      if (path.includes("/0001_seed.")) kept.set(path.replace("/0001_seed.", "/0004_seed."), content);
    }

    const titles: string[] = [];
    const { runner } = await toyExperiment(engine, "petridish", resume, "shapes", {
      files: kept,
      onPreparing: (title) => titles.push(title),
    });
    await runner.search();
    expect(titles).toEqual(["arch_train", "post_train"]);
    await runner.copySearchToEval();
    await runner.evaluate();
    expect(found(kept)).toEqual(found(files));
  });
});

it("tells what the candidate's alphas stand for after each of its epochs", async () => {
  const states: SearchState[] = [];
  const { runner } = await toyExperiment(engine, "petridish", { ...SMALL, "nas.search.trainer.epochs": 2 }, "shapes", {
    onSearchEpoch: (state) => states.push(state),
  });
  await runner.search();
  expect(states.map(({ epoch }) => epoch)).toEqual([0, 1]);
  for (const { supernet, alphas, best } of states) {
    expect([...alphas.keys()].every((name) => name.includes("alphas_arch_param."))).toBe(true);
    expect(supernet.cellDescs[0]!.nodes[1]!.edges[0]!.opDesc.name).toBe("petridish_normal_op");
    expect(best.cellDescs[0]!.nodes[1]!.edges[0]!.opDesc.name).toBe("multi_op");
  }
});
