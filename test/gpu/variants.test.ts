import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Graph } from "../../src/graph/types.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { retuned, tuningRequests } from "../../src/runtime/webgpu/tuning/requests.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { largeCases, opCases, withGradients } from "../properties.ts";
import { check, inDirtyStorage } from "./compare.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";
import { TOY_SETTINGS, TOY_SHAPE, toySupernet } from "./supernet.ts";

let engines: Readonly<Record<"software" | "gpu", Engine>>;
beforeAll(async () => {
  const software = await testEngine();
  engines = { software, gpu: new Engine({ device: software.device, kind: "gpu" }) };
});

/** Kernels that take the n-th of their variants instead of the default. */
const variant = (n: number) =>
  retuned(kernels, (tuning) => ({ ...tuning, pick: (_, candidates) => candidates[n % candidates.length]! }));

const CASES = {
  ...opCases,
  ...Object.fromEntries(Object.entries(largeCases).map(([name, own]) => [`large ${name}`, own])),
};

describe("every variant of every kernel agrees with the reference backend", () => {
  const seen = new Set<string>();

  test.each(Object.keys(CASES))("%s", async (name) => {
    const property = (kind: "software" | "gpu") =>
      fc.asyncProperty(CASES[name]!, fc.integer({ min: 1, max: 3 }), async (opCase, n) => {
        const { graph, feeds } = withGradients(opCase);
        if (asksFor(engines[kind], graph, seen)) await checkVariant(engines[kind], graph, feeds, n);
      });
    // Large ones take long to compute, those with batch norms to compile.
    const runs = /large|norm/.test(name) ? 3 : 6;
    await fc.assert(property("software"), { numRuns: runs, seed: 1 });
    await fc.assert(property("gpu"), { numRuns: runs, seed: 2 });
  });

  test("and the cases reach all that a training step has", () => {
    const graph = trainingGraph(toySupernet(), TOY_SHAPE, TOY_SETTINGS);
    const wanted = new Set<string>(["mix", "mix_dx", "mix_grad", "pool_pair", "pool_pair_dx"]);
    for (const engine of Object.values(engines)) asksFor(engine, graph, wanted);
    expect([...wanted].filter((kernel) => !seen.has(kernel))).toEqual([]);
  });
});

/** Whether the lowering of a graph has a choice; adds the kernels that have. */
function asksFor(engine: Engine, graph: Graph, seen: Set<string>): boolean {
  const requests = tuningRequests(engine, [graph], kernels).filter(({ candidates }) => candidates.length > 1);
  for (const { key } of requests) seen.add(key.split(" ")[0]!);
  return requests.length > 0;
}

const checkVariant = (engine: Engine, graph: Graph, feeds: Feeds, n: number) =>
  check(engine, inDirtyStorage(graph), feeds, graph, variant(n));
