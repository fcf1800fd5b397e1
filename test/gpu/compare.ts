import { expect } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { elements, flat, type Graph, type Value } from "../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { Kernels } from "../../src/runtime/webgpu/kernel.ts";
import { storedElements } from "../../src/runtime/webgpu/kernels/launch.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";

/**
 * How far a correct kernel may be off: a result is a sum of at most T rounded terms, whose errors (2^-24 of the largest
 * term each, either sign) add up like sqrt(T); 8 covers the few roundings inside a term and the 3 to 4 ulp that WGSL
 * grants exp and inverse square root. Batch norm divides a difference by a standard deviation, so its terms are
 * larger than its inputs and results by up to max |x| / std.
 */
function tolerance(graph: Graph, feeds: Feeds, want: Float64Array): number {
  const terms = Math.max(...graph.nodes.map((node) => elements(node.type)));
  const fed = Math.max(1, ...Object.values({ ...feeds.inputs, ...feeds.params }).map((data) => largest(data)));
  return 8 * 2 ** -24 * Math.sqrt(terms) * (largest(want) + fed) * amplification(graph, feeds);
}

function amplification(graph: Graph, feeds: Feeds): number {
  const builder = GraphBuilder.extend({ ...graph, outputs: [] });
  graph.nodes.forEach(({ op }, index) => {
    if (op === "bn_stats" || op === "bn_running") builder.output(`stats${index}`, index as Value);
  });
  const all = [...evaluateReference(builder.build(), feeds).values()];
  return 1 + Math.max(0, ...all.map((stats) => largest(stats.subarray(stats.length / 3, (2 * stats.length) / 3))));
}

const largest = (data: ArrayLike<number>) => {
  let result = 0;
  for (let index = 0; index < data.length; index++) result = Math.max(result, Math.abs(data[index]!));
  return result;
};

/** Runs `graph`, by the engine's kernels or by others, and compares every output with the reference backend on `defined`. */
export async function check(
  engine: Engine,
  graph: Graph,
  feeds: Feeds,
  defined = graph,
  kernels?: Kernels,
): Promise<void> {
  const expected = evaluateReference(defined, feeds);
  const actual = await runGraph(engine, graph, feeds, 1, kernels);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, want] of expected) {
    const got = actual.get(name)!;
    expect(got.length, name).toBe(want.length);
    const bound = tolerance(defined, feeds, want);
    // Not `>`: NaN must fail.
    const wrong = want.findIndex((value, index) => !(Math.abs(value - got[index]!) <= bound));
    if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${got[wrong]}, not ${want[wrong]} +- ${bound}`);
  }
}

/**
 * The same computation with temporaries in storage full of NaN: fresh buffers are zero and would hide what a kernel reads
 * beyond a tensor or forgets to write.
 */
export function inDirtyStorage(graph: Graph): Graph {
  const g = new GraphBuilder();
  const size = Math.max(1 << 14, ...graph.nodes.map(({ type }) => 4 * storedElements(type)));
  const dirt = Array.from({ length: 24 }, () => g.add("fill", [], { type: flat([size]), value: Number.NaN }));
  g.add("add", dirt, {});
  const copied = (value: Value) => (g.type(value).dtype === "f32" ? g.add("scale", [value], { factor: 1 }) : value);
  const values: Value[] = [];
  for (const node of graph.nodes) {
    const spec = node.op === "param" && graph.params.find(({ name }) => name === (node.attrs as { name: string }).name);
    const inputs = node.inputs.map((input) => values[input]!);
    const value = spec ? g.param(spec) : g.add(node.op, inputs, node.attrs as never);
    values.push(spec || node.op === "input" ? copied(value) : value);
  }
  for (const { name, value } of graph.outputs) g.output(name, copied(values[value]!));
  return g.build();
}
