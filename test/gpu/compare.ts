import { GraphBuilder } from "../../src/graph/builder.ts";
import { flat, type Graph, type Value } from "../../src/graph/types.ts";
import type { Feeds } from "../../src/runtime/reference/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { Kernels } from "../../src/runtime/webgpu/kernel.ts";
import { storedElements } from "../../src/runtime/webgpu/kernels/launch.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { compare } from "../tolerance.ts";

/** Runs `graph`, by the engine's kernels or by others, and compares every output with the reference backend on `defined`. */
export async function check(
  engine: Engine,
  graph: Graph,
  feeds: Feeds,
  defined = graph,
  kernels?: Kernels,
): Promise<void> {
  compare(defined, feeds, await runGraph(engine, graph, feeds, 1, kernels));
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
