import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { PRIMITIVES } from "../../src/ops/mixture.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { initialValues } from "../../src/train/initial-values.ts";
import { parametersOf } from "../../src/train/parameters.ts";
import { testEngine } from "./engine.ts";
import { type Files, toyExperiment } from "./experiment.ts";

// Searches whose alphas move with the weights. What they find is evaluated in algorithms.test.ts.

const SMALL = {
  "nas.search.model_desc.n_cells": 2,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.model_stems.init_node_ch": 4,
  "nas.search.loader.train_batch": 8,
  "nas.search.loader.dataset.max_batches": 4,
  "nas.search.post_train.trainer.epochs": 0,
};

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

async function run(algo: string, overrides: Readonly<Record<string, unknown>> = {}) {
  const { runner, files } = await toyExperiment(engine, algo, { ...SMALL, ...overrides });
  const { found, supernet } = await runner.search();
  return { files, found, supernet: supernet! };
}

const textOf = (files: Files, name: string) => String([...files].find(([path]) => path.endsWith(name))![1]);

/** The alphas before the first step. */
function startOf({ desc }: { desc: ReturnType<typeof parseModelDesc> }): Map<string, Float32Array> {
  const shape = { batch: 8, height: 32, width: 32, affine: false, dropPath: "none" } as const;
  const { params } = parametersOf(desc, shape);
  const alphas = new Set(params.flatMap(({ name, role }) => (role === "alphas" ? [name] : [])));
  return new Map([...initialValues(params, 2)].filter(([name]) => alphas.has(name)));
}

describe.each(["didarts", "gs"])("%s", (algo) => {
  test("searches, and comes to the same bits again", async () => {
    const before = engine.buffers.liveBuffers;
    const first = await run(algo);
    const start = startOf(first.supernet);
    expect([...first.supernet.alphas.keys()]).toEqual([...start.keys()]);
    for (const [name, values] of first.supernet.alphas) {
      expect(Array.from(values).every(Number.isFinite)).toBe(true);
      expect(Array.from(values), name).not.toEqual([...start.get(name)!]);
    }
    const second = await run(algo);
    expect(second.supernet.alphas).toEqual(first.supernet.alphas);
    expect(textOf(second.files, "final_model_desc.yaml")).toBe(textOf(first.files, "final_model_desc.yaml"));
    expect(parseModelDesc(textOf(first.files, "final_model_desc.yaml"), "f").cellDescs).toEqual(first.found.cellDescs);
    expect(engine.buffers.liveBuffers, "buffers that an experiment leaves behind").toBe(before);
    const other = await run(algo, { "common.seed": 3.0 });
    expect(other.supernet.alphas).not.toEqual(first.supernet.alphas);
  });

  test("needs no images of its own for the alphas", async () => {
    const { supernet, files } = await run(algo, { "nas.search.loader.val_ratio": 0 });
    for (const { train, val } of supernet.run.epochs) expect([train.steps, val]).toEqual([4, undefined]);
    expect(parse(textOf(files, "search_train_metrics.yaml"))).toBeTruthy();
  });
});

describe("gs", () => {
  test("as the reference: alphas stay where they start, and edges become several ops", async () => {
    const overrides = { "nas.search.trainer.reference_quirks": true, "nas.search.model_desc.cell.gs.num_sample": 4 };
    const { found, supernet } = await run("gs", overrides);
    expect(supernet.alphas).toEqual(startOf(supernet));
    const ops = found.cellDescs.flatMap(({ nodes }) => nodes.flatMap(({ edges }) => edges.map(({ opDesc }) => opDesc)));
    expect(new Set(ops.map(({ name }) => name))).toEqual(new Set(["multi_op"]));
    for (const { children } of ops) {
      for (const { name } of children!) expect(PRIMITIVES as readonly string[]).toContain(name);
    }
  });

  test("the temperature falls to the last epoch's, and matters", async () => {
    const epochs = { "nas.search.trainer.epochs": 2 };
    const constant = await run("gs", epochs);
    const cooled = await run("gs", { ...epochs, "nas.search.gs.min_temperature": 0.5 });
    const losses = ({ supernet }: typeof constant) => supernet.run.epochs.map(({ train }) => train.averages.loss);
    expect(losses(cooled)[0]).toBe(losses(constant)[0]);
    expect(losses(cooled)[1]).not.toBe(losses(constant)[1]);
  });
});
