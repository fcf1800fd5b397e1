import { expect, test } from "vitest";
import { GsModelDescBuilder } from "../../src/algos/gs/builder.ts";
import { passes } from "../../src/graph/passes/index.ts";
import type { Graph } from "../../src/graph/types.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { evaluationGraph, trainingGraph } from "../../src/train/graphs.ts";
import { MODEL_DESC } from "../model-desc-conf.ts";
import { Comparison, largest, TOLERANCE } from "../oracle/support.ts";
import { testEngine } from "./engine.ts";
import { randomFeeds, TOY_SETTINGS } from "./supernet.ts";

const SHAPE = { batch: 4, height: 16, width: 16, affine: false, dropPath: "none" } as const;
const cell = { ...MODEL_DESC.cell, gs: { num_sample: 2 } };
const supernet = new GsModelDescBuilder().build({ ...MODEL_DESC, cell });
const ALL = passes.map(({ name }) => name);

const has = (graph: Graph, op: string) => graph.nodes.some((node) => node.op === op);

test.each([
  ["sampled", ALL],
  ["sorted", ALL],
  ["sampled", ["mix-terms"]],
  ["sampled", ["join-gradients"]],
] as const)("a training step with weights %s means the same without the passes %j", async (gumbel, without) => {
  const step = (options: object) => trainingGraph(supernet, { ...SHAPE, gumbel }, TOY_SETTINGS, options);
  const [fused, plain] = [step({}), step({ without })];
  // A node is one sum over all its edges, whose weights are its samples.
  expect([has(fused, "mix"), has(fused, "weighted_sum")]).toEqual([true, false]);
  expect(has(fused, "gumbel_softmax_dx")).toBe(gumbel === "sampled");
  const given = randomFeeds(fused, 2);
  const feeds = { ...given, step: { ...given.step!, temperature: 0.7 } };
  const engine = await testEngine();
  const [expected, actual] = [await runGraph(engine, fused, feeds), await runGraph(engine, plain, feeds)];
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  const comparison = new Comparison(TOLERANCE.models);
  const scale = Math.max(...[...expected].map(([name, data]) => (name.startsWith("grad/") ? largest(data) : 0)));
  for (const [name, data] of expected) comparison.close(name, actual.get(name), data, { scale });
  comparison.finish();
  // Of samples there are others in another step, and none in another run of the same.
  const [again, next] = [await runGraph(engine, fused, feeds), { ...feeds, step: { ...feeds.step, step: 8 } }];
  expect(again).toEqual(expected);
  expect((await runGraph(engine, fused, next)).get("loss")).not.toEqual(expected.get("loss"));
});

test("an evaluation does not depend on the step", async () => {
  const engine = await testEngine();
  const graph = evaluationGraph(supernet, SHAPE, 0);
  const feeds = randomFeeds(graph, 2);
  const first = await runGraph(engine, graph, feeds);
  expect(await runGraph(engine, graph, { ...feeds, step: { seed: 9, step: 1, dropPath: 0 } })).toEqual(first);
});
