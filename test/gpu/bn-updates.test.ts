import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { flat, type Graph } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { Lowering } from "../../src/runtime/webgpu/lowering.ts";
import { uniformData } from "../cases/case.ts";
import { check } from "./compare.ts";
import { testEngine } from "./engine.ts";

/** Running statistics of `count` batch norms, updated from `tensors` wide tensors in turns; each replaces its parameter. */
function joint(count: number, tensors: number): { graph: Graph; feeds: Feeds } {
  const rng = new Rng(1, 0);
  const params: Record<string, Float32Array> = {};
  const inputs: Record<string, Float32Array> = {};
  const g = new GraphBuilder();
  const channels = Array.from({ length: count }, (_, index) => 3 + (index % 7));
  const names = channels.map((_, index) => `bn${index}.running_stats`);
  const running = names.map((name, index) => {
    const shape = [2, channels[index]!];
    params[name] = uniformData(rng, 2 * channels[index]!);
    return g.param({ name, role: "state", shape, init: { kind: "running_stats" } });
  });
  const stats = Array.from({ length: tensors }, (_, index) => {
    inputs[`s${index}`] = uniformData(rng, 3 * 40);
    return g.input(`s${index}`, flat([3, 40]));
  });
  const updates = channels.map((_, index) => ({
    stats: count + (index % tensors),
    start: index % 30,
    momentum: 0.1,
    count: 1 + index,
  }));
  const all = g.add("bn_updates", [...running, ...stats], { updates });
  let start = 0;
  names.forEach((name, index) => {
    const shape = [2, channels[index]!];
    g.output(name, g.add("flat_slice", [all], { start, shape }), { arena: "param", param: name });
    start += 2 * channels[index]!;
  });
  return { graph: g.build(), feeds: { inputs, params } };
}

test("running statistics are updated within their arena, in one dispatch as far as bindings and tables reach", async () => {
  const engine = await testEngine();
  for (const [count, tensors, dispatches] of [
    [2, 1, 1],
    [20, 6, 1],
    [20, 7, 2],
    [150, 3, 2],
  ] as const) {
    const { graph, feeds } = joint(count, tensors);
    const shaders = new Lowering(engine, graph, kernels).dispatches.map(({ shader }) => shader);
    expect(shaders).toEqual(new Array(dispatches).fill("bn_updates"));
    await check(engine, graph, feeds);
  }
});
