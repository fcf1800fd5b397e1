import { beforeAll, expect, it } from "vitest";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { testEngine } from "./engine.ts";
import { toyExperiment } from "./experiment.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await testEngine();
});

it("toy", async () => {
  const t0 = Date.now();
  const { runner, files } = await toyExperiment(engine, "petridish");
  const result = await runner.search();
  console.log(result.report, (Date.now() - t0) / 1000);
  await runner.copySearchToEval();
  const e = await runner.evaluate();
  console.log(e.report, (Date.now() - t0) / 1000);
  console.log([...files].map(([n, b]) => `${n} ${b.length}`).join("\n"));
  console.log(files.get("/logs/petridish_shapes_tiny_search/full_pool.tsv"));
  console.log(files.get("/logs/petridish_shapes_tiny_search/log.yaml"));
  expect(1).toBe(1);
});
