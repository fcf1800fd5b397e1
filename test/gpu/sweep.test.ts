import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { SupernetError } from "../../src/errors.ts";
import type { Environment } from "../../src/nas/environment.ts";
import type { SearchResult } from "../../src/nas/search.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testEngine } from "./engine.ts";
import { type Files, memoryEnvironment, toyExperiment } from "./experiment.ts";

const FOLDER = "/logs/darts_shapes_tiny_search";

/** Two shapes, r1.c3.n1 and r1.c3.n2, of a search of a single step. */
const TINY = {
  "dataset.train_size": 64,
  "dataset.test_size": 16,
  "nas.search.model_desc.cell.n_nodes": 1,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.pareto.enabled": "True",
  "nas.search.pareto.max_cells": 3,
  "nas.search.pareto.max_reductions": 1,
  "nas.search.loader.train_batch": 8,
  "nas.search.loader.dataset.max_batches": 2,
  "nas.search.trainer.epochs": 1,
  "nas.search.post_train.trainer.epochs": 1,
  "nas.search.post_train.loader.train_batch": 8,
  "nas.search.post_train.loader.dataset.max_batches": 2,
};

/** The columns of the summary that time does not change. */
const lasting = (tsv: string) => tsv.split("\n").map((row) => row.split("\t").filter((_, i) => i !== 12));

const timeless = (log: string) => log.replaceAll(/\b(duration|step_time|inference_duration): .*/g, "$1");

let engine: Engine;
let whole: { result: SearchResult; files: Files };
beforeAll(async () => {
  engine = await testEngine();
  const { runner, files } = await toyExperiment(engine, "darts", TINY);
  whole = { result: await runner.search(), files };
});

const text = (files: Files, name: string) => String(files.get(`${FOLDER}/${name}`));

/** Starts the sweep on `files` and stops it when the first search has been kept. */
async function interrupted(files: Files): Promise<void> {
  const stop = new AbortController();
  const { writeFile } = memoryEnvironment(engine, files);
  const world: Partial<Environment> = {
    signal: stop.signal,
    writeFile: async (path, data) => {
      await writeFile(path, data);
      if (path.endsWith("/result.yaml") && String(data).includes("figures"))
        stop.abort(new SupernetError("aborted", "the run was interrupted"));
    },
  };
  const { runner } = await toyExperiment(engine, "darts", TINY, "shapes", { files, ...world });
  await expect(runner.search()).rejects.toThrow("interrupted");
}

/** Starts it again, to its end. */
async function resumed(files: Files, overrides: Readonly<Record<string, unknown>> = {}) {
  const warnings: string[] = [];
  const trained: string[] = [];
  const world: Partial<Environment> = {
    onWarning: (message) => void warnings.push(message),
    onPreparing: (title) => void trained.push(title),
  };
  const { runner } = await toyExperiment(
    engine,
    "darts",
    { ...TINY, "nas.search.resume": "True", ...overrides },
    "shapes",
    {
      files,
      ...world,
    },
  );
  return { result: await runner.search(), warnings, trained };
}

describe("a sweep", () => {
  test("keeps everything of each search in a folder of its own", () => {
    const folders = [1, 2].map((nodes) => `${FOLDER}/models/1/3/${nodes}/0`);
    const kept = folders.map((folder) =>
      [...whole.files.keys()].filter((path) => path.startsWith(folder)).map((path) => path.slice(folder.length + 1)),
    );
    const names = ["final_model_desc", "full_model_desc", "metrics", "result", "search_train_metrics"];
    for (const found of kept) expect(found.sort()).toEqual(names.map((name) => `${name}.yaml`));
    const nodes = folders.map((folder) => {
      const path = `${folder}/final_model_desc.yaml`;
      return parseModelDesc(String(whole.files.get(path)), path).cellDescs[0]?.nodes.length;
    });
    expect(nodes).toEqual([1, 2]);
  });

  test("finds the most accurate one, and puts it where a search alone would", () => {
    const rows = lasting(text(whole.files, "perito.tsv")).slice(1, -1);
    expect(rows.map((row) => row.slice(0, 4).join(" "))).toEqual(["1 3 1 0", "1 3 2 0"]);
    const accuracies = rows.map((row) => Number(row[6]));
    const found = rows.findIndex((row) => row.at(-1) === "1");
    expect(accuracies[found]).toBe(Math.max(...accuracies));
    const nodes = rows[found]![2];
    expect(text(whole.files, "final_model_desc.yaml")).toBe(
      text(whole.files, `models/1/3/${nodes}/0/final_model_desc.yaml`),
    );
    expect(whole.result.found.cellDescs[0]?.nodes).toHaveLength(Number(nodes));
    expect(whole.result.supernet?.desc.cellDescs[0]?.nodes).toHaveLength(Number(nodes));
    expect(whole.result.report).toContain("Pareto set");
  });

  test("validates on images kept back from the training set: all 8 of the 16 that take part", () => {
    const metrics = parse(text(whole.files, "models/1/3/1/0/metrics.yaml"));
    const [epoch] = metrics.run_metrics.epochs_metrics;
    expect(epoch.val_metrics.top1.cnt).toBe(8);
  });

  test("measures what each network costs here", () => {
    for (const row of text(whole.files, "perito.tsv").split("\n").slice(1, -1)) {
      const [bytes, seconds] = row.split("\t").slice(11, 13).map(Number);
      expect(bytes).toBeGreaterThan(0);
      expect(seconds).toBeGreaterThan(0);
    }
    expect(text(whole.files, "perito.svg")).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });
});

describe("an interrupted sweep", () => {
  test("goes on after the last search that had ended, and ends as it would have", async () => {
    const files: Files = new Map();
    await interrupted(files);
    // The second search has begun, and not ended.
    expect([1, 2].map((nodes) => text(files, `models/1/3/${nodes}/0/result.yaml`).split("\n")[0])).toEqual([
      "determinedBy:",
      "# being searched",
    ]);
    const { result, warnings, trained } = await resumed(files);
    expect(trained).toEqual(["arch_train", "post_train"]);
    expect(warnings.filter((message) => message.includes("again"))).toEqual([]);
    expect(result.found).toEqual(whole.result.found);
    expect(result.supernet?.alphas).toEqual(whole.result.supernet?.alphas);
    expect(lasting(text(files, "perito.tsv"))).toEqual(lasting(text(whole.files, "perito.tsv")));
    for (const name of ["final_model_desc.yaml", "full_model_desc.yaml"]) {
      expect(text(files, name)).toBe(text(whole.files, name));
    }
    // What was logged of the first search is logged again.
    expect(timeless(text(files, "log.yaml"))).toBe(timeless(text(whole.files, "log.yaml")));
  });

  test("searches again what another conf had found, and says why", async () => {
    const files: Files = new Map();
    await interrupted(files);
    const { warnings, trained } = await resumed(files, { "nas.search.trainer.alpha_optimizer.lr": 0.5 });
    expect(trained).toHaveLength(4);
    expect(warnings.filter((message) => message.includes("again"))).toEqual([
      "r1.c3.n1 is searched again: nas.search.trainer.alpha_optimizer.lr was 0.01 and is 0.5 now",
    ]);
  });

  test("names a result that is damaged, and what to do", async () => {
    const files: Files = new Map(whole.files);
    files.set(`${FOLDER}/models/1/3/1/0/result.yaml`, "figures: {");
    await expect(resumed(files)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: /logs/darts_shapes_tiny_search/models/1/3/1/0/result.yaml is damaged: delete it, and that search is made again]`,
    );
  });

  test("is started from the beginning without nas.search.resume", async () => {
    const files: Files = new Map(whole.files);
    const { trained } = await resumed(files, { "nas.search.resume": "False" });
    expect(trained).toHaveLength(4);
  });
});

describe("repeated searches", () => {
  test("have seeds that follow each other: random cells as other seeds draw them", async () => {
    const tiny = { ...TINY, "nas.search.pareto.enabled": "False", "nas.search.search_iters": 2, "common.seed": 7 };
    const { runner, files } = await toyExperiment(engine, "random", tiny);
    await runner.search();
    const drawn = (iteration: number) =>
      String(files.get(`/logs/random_shapes_tiny_search/models/1/3/1/${iteration}/final_model_desc.yaml`));
    const alone = await toyExperiment(engine, "random", {
      ...TINY,
      "nas.search.pareto.enabled": "False",
      "nas.search.post_train.trainer.epochs": 0,
      "common.seed": 8,
    });
    await alone.runner.search();
    expect(drawn(1)).toBe(String(alone.files.get("/logs/random_shapes_tiny_search/final_model_desc.yaml")));
    expect(drawn(0)).not.toBe(drawn(1));
  });
});
