import { beforeAll, describe, expect, test } from "vitest";
import { passes } from "../../src/graph/passes/index.ts";
import { printGraph } from "../../src/graph/print.ts";
import type { Graph } from "../../src/graph/types.ts";
import type { Feeds } from "../../src/runtime/reference/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { Comparison, largest, TOLERANCE } from "../oracle/support.ts";
import { testEngine } from "./engine.ts";
import "./quick-compile.ts";
import { randomFeeds, TOY_SETTINGS, TOY_SHAPE, toySupernet } from "./supernet.ts";

const names = passes.map(({ name }) => name);

/** What a pass can change: the nodes, and the marks on them. */
const textOf = (graph: Graph) => `${printGraph(graph)}\n${JSON.stringify(graph.epilogues)}`;

describe.each([false, true])("a supernet's training step with scale and shift %s means the same", (affine) => {
  const stepWithout = (...without: string[]): Graph =>
    trainingGraph(toySupernet(), { ...TOY_SHAPE, affine }, TOY_SETTINGS, { without });

  let engine: Engine;
  let feeds: Feeds;
  let optimized: Graph;
  let expected: Map<string, Float32Array>;
  beforeAll(async () => {
    engine = await testEngine();
    optimized = stepWithout();
    feeds = randomFeeds(optimized, 2);
    expected = await runGraph(engine, optimized, feeds);
  });

  test.each([...names.map((name) => [name]), names].map((without) => ({ without })))(
    "without $without",
    async ({ without }) => {
      const graph = stepWithout(...without);
      // Else the pass would have nothing to do here and this test nothing to say.
      expect(textOf(graph)).not.toBe(textOf(optimized));
      const actual = await runGraph(engine, graph, feeds);
      expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
      const comparison = new Comparison(TOLERANCE.models);
      const scale = Math.max(...[...expected].map(([name, data]) => (name.startsWith("grad/") ? largest(data) : 0)));
      for (const [name, data] of expected) comparison.close(name, actual.get(name), data, { scale });
      comparison.finish();
    },
  );
});
