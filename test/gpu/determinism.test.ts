import { beforeAll, expect, test } from "vitest";
import type { Graph } from "../../src/graph/types.ts";
import type { Feeds } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { trainingGraph } from "../../src/train/graphs.ts";
import { newEngine, testEngine } from "./engine.ts";
import { randomFeeds, TOY_SETTINGS, TOY_SHAPE, toySupernet } from "./supernet.ts";

/** A training step of a supernet, with drop path and running statistics. */
let graph: Graph;
let feeds: Feeds;
let engine: Engine;
let first: Map<string, Uint32Array>;

beforeAll(async () => {
  graph = trainingGraph(toySupernet(), TOY_SHAPE, TOY_SETTINGS);
  feeds = randomFeeds(graph, 1);
  engine = await testEngine();
  first = await bits(engine, feeds);
});

/** Every output as bits: zeros of either sign differ, and a NaN equals itself. */
async function bits(engine: Engine, feeds: Feeds, pieces = 1): Promise<Map<string, Uint32Array>> {
  const results = await runGraph(engine, graph, feeds, pieces);
  return new Map([...results].map(([name, data]) => [name, new Uint32Array(data.slice().buffer)]));
}

const differing = (results: ReadonlyMap<string, Uint32Array>) =>
  [...first].flatMap(([name, data]) => (equal(data, results.get(name)) ? [] : [name]));

const equal = (a: Uint32Array, b: Uint32Array | undefined) =>
  a.length === b?.length && a.every((value, at) => value === b[at]);

test("a step has a result for every parameter, and other results for other inputs", async () => {
  const names = graph.params.map(({ name, role }) => (role === "state" ? name : `grad/${name}`));
  expect([...first.keys()]).toEqual(expect.arrayContaining([...names, "loss", "logits", "top1", "top5"]));
  for (const [name, data] of await runGraph(engine, graph, feeds)) {
    expect(data.every(Number.isFinite), `${name} is finite`).toBe(true);
  }
  const others = await bits(engine, { ...feeds, step: { ...feeds.step!, step: 8 } });
  expect(differing(others)).toContain("loss");
});

test("a step repeats bit for bit", async () => {
  expect(differing(await bits(engine, feeds))).toEqual([]);
});

test("a step repeats bit for bit however many submits it is split into", async () => {
  expect(differing(await bits(engine, feeds, 7))).toEqual([]);
});

test("a step repeats bit for bit on another engine of the same device", async () => {
  const other = new Engine({ device: engine.device, kind: "software" });
  expect(differing(await bits(other, feeds))).toEqual([]);
  other.dispose();
});

test("a step repeats bit for bit on another device", async () => {
  const other = await newEngine();
  expect(other.device).not.toBe(engine.device);
  expect(differing(await bits(other, feeds))).toEqual([]);
  other.dispose();
  other.device.destroy();
});
