import { beforeAll, describe, expect, test } from "vitest";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import type { EvaluationResult } from "../../src/nas/evaluater.ts";
import type { SearchResult } from "../../src/nas/search.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testEngine } from "./engine.ts";
import { type Files, toyExperiment } from "./experiment.ts";

const TINY = {
  "dataset.train_size": 64,
  "dataset.test_size": 16,
  "nas.eval.loader.train_batch": 8,
  "nas.eval.loader.dataset.max_batches": 2,
  "nas.eval.trainer.epochs": 1,
  "nas.eval.model_desc.model_stems.init_node_ch": 4,
  "common.seed": 5,
};

const FOLDER = "/logs/random_shapes_tiny";

interface Ran {
  readonly search: SearchResult;
  readonly evaluation: EvaluationResult;
  readonly files: Files;
}

async function run(engine: Engine, overrides: Readonly<Record<string, unknown>>): Promise<Ran> {
  const { runner, files } = await toyExperiment(engine, "random", { ...TINY, ...overrides });
  const search = await runner.search();
  await runner.copySearchToEval();
  return { search, evaluation: await runner.evaluate(), files };
}

const top1 = ({ evaluation }: Ran) => evaluation.run.epochs.at(-1)?.val?.averages.top1;

let two: Ran;
let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
  two = await run(engine, { "nas.search.random.seeds": 2 });
});

describe("two draws", () => {
  test("are a gallery, the first of which is the run's result", async () => {
    const { search, files } = two;
    expect(search.gallery?.map(({ name }) => name)).toEqual(["draw0", "draw1"]);
    expect(search.found).toEqual(search.gallery?.[0]?.desc);
    expect(search.gallery?.[1]?.desc.cellDescs).not.toEqual(search.found.cellDescs);
    for (const name of ["draw0", "draw1"]) {
      const path = `${FOLDER}_eval/model_desc_gallery/${name}.yaml`;
      expect(files.has(path)).toBe(true);
    }
    const path = `${FOLDER}_search/final_model_desc.yaml`;
    expect(parseModelDesc(String(files.get(path)), path)).toEqual(search.found);
  });

  test("score what runs with their seeds score, each trained alike", async () => {
    const first = await run(engine, {});
    const second = await run(engine, { "common.seed": 6 });
    expect(first.search.gallery).toBeUndefined();
    expect(top1(two)).toBe(top1(first));
    const weights = (ran: Ran, path: string) => ran.files.get(`${FOLDER}_eval/${path}`);
    expect(weights(two, "model.safetensors")).toEqual(weights(first, "model.safetensors"));
    expect(weights(two, "model_desc_gallery/draw1.safetensors")).toEqual(weights(second, "model.safetensors"));
  });

  test("are told as a table with mean and deviation", () => {
    const masked = two.evaluation.report?.replaceAll(/\d+\.\d\d/g, "N").replaceAll(/ +/g, " ");
    expect(masked?.replaceAll(/\d+,\d[\d,]*/g, "C")).toMatchInlineSnapshot(`
      "draw seed test top1 % parameters multiply-adds
      draw0 5 N C C
      draw1 6 N C C
      test top1 N ± N % (mean ± sample standard deviation of 2 draws)"
    `);
  });

  test("cannot be evaluated as three", async () => {
    const overrides = { ...TINY, "nas.search.random.seeds": 3 };
    const { runner } = await toyExperiment(engine, "random", overrides, "shapes", { files: new Map(two.files) });
    await expect(runner.evaluate()).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: /logs/random_shapes_tiny_eval/model_desc_gallery has no draw2.yaml; nas.search.random.seeds is 3: search with it, or set it to what was searched with]`,
    );
  });
});
