import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { mixRow } from "../../src/graph/ops/mix.ts";
import { epilogues } from "../../src/graph/passes/epilogues.ts";
import { elements, flat, type Graph, type MixAttrs, type OpName, planes, type Value } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import type { DispatchSpec } from "../../src/runtime/webgpu/kernel.ts";
import { kernels } from "../../src/runtime/webgpu/kernels/index.ts";
import { Lowering } from "../../src/runtime/webgpu/lowering.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { uniformData } from "../cases/case.ts";
import { check } from "./compare.ts";
import { testEngine } from "./engine.ts";

const engines: { software?: Engine; gpu?: Engine } = {};
const KINDS = ["software", "gpu"] as const;
beforeAll(async () => {
  const engine = await testEngine();
  engines.software = engine;
  engines.gpu = new Engine({ device: engine.device, kind: "gpu" });
});

/**
 * A node of a supernet: from each edge two separable convolutions, two dilated ones and two pools, all normalised, and the state
 * itself, weighted. Outputs are the sum `y` and its gradients `grad` for the input `dy`, with `clip` also its `sample_dots`.
 */
function node(edges: number, channels: number, [n, h, w]: readonly [number, number, number], clip?: number): Graph {
  const g = new GraphBuilder();
  const values = [g.input("weights", flat([7 * edges]))];
  const terms: MixAttrs["terms"][number][] = [];
  for (let edge = 0; edge < edges; edge++) {
    const add = (name: string, starts: readonly number[], wide: number, normalised: boolean) => {
      const x = values.push(g.input(`${name}${edge}`, planes([n, wide, h, w]))) - 1;
      const stats = normalised ? values.push(g.input(`${name}_stats${edge}`, flat([3, wide]))) - 1 : undefined;
      for (const start of starts) {
        const norm = stats === undefined ? {} : { norm: { stats, batch: true } };
        terms.push({ x, start, ...norm, weight: { vector: 0, index: terms.length } });
      }
    };
    add("sep", [0, 2 * channels], 3 * channels, true);
    add("dil", [0, channels], 2 * channels, true);
    add("pool", [0, channels], 2 * channels, true);
    add("state", [0], channels, false);
  }
  const attrs = { channels, terms };
  g.output("y", g.add("mix", values, attrs));
  const dy = g.input("dy", planes([n, channels, h, w]));
  g.output("grad", g.add("mix_grad", [dy, ...values], attrs));
  if (clip !== undefined) g.output("dots", g.add("sample_dots", [dy, ...values], { ...attrs, clip }));
  return epilogues.run(g.build());
}

/** Statistics are whatever numbers are fed: the ops do not ask where they come from. */
function feedsOf(graph: Graph): Feeds {
  const inputs = graph.nodes.flatMap(({ op, attrs, type }, index) =>
    op === "input" ? [[(attrs as { name: string }).name, uniformData(new Rng(index, 0), elements(type))] as const] : [],
  );
  return { inputs: Object.fromEntries(inputs), params: {} };
}

const dispatches = (engine: Engine, graph: Graph, op: OpName): DispatchSpec[] => {
  const without = graph.outputs.filter(({ value }) => graph.nodes[value]!.op === op);
  return new Lowering(engine, { ...graph, outputs: without }, kernels).dispatches.filter(({ module }) => module === op);
};

describe.each(KINDS)("a node of a supernet with the settings of %s", (kind) => {
  test.each([1, 2, 5])("with %d edges is right and repeats bit for bit", async (edges) => {
    const engine = engines[kind]!;
    const graph = node(edges, 8, [2, 17, 15]);
    const feeds = feedsOf(graph);
    await check(engine, graph, feeds);
    const [first, second] = [await runGraph(engine, graph, feeds), await runGraph(engine, graph, feeds)];
    for (const [name, data] of first) expect(second.get(name), name).toEqual(data);
  });

  test.each([
    [1, [3, 17, 15]],
    [2, [1, 9, 5]],
    [5, [33, 4, 4]],
  ] as const)("with %d edges tells samples apart in the same sweep, for %s images", async (edges, size) => {
    const engine = engines[kind]!;
    const graph = node(edges, 12, size, 9);
    expect(graph.epilogues!.length).toBe(1);
    const sweeps = dispatches(engine, graph, "mix_grad").filter(({ shader }) => shader === "mix_grad_parts");
    expect(sweeps.length).toBe(edges);
    const feeds = feedsOf(graph);
    const dots = evaluateReference(graph, feeds).get("dots")!;
    expect(new Set(dots.map(Math.abs)).size, "dots are not all clipped").toBeGreaterThan(edges);
    await check(engine, graph, feeds);
    const alone = node(edges, 12, size, 9);
    await check(engine, { ...alone, epilogues: [] }, feeds);
    const [first, second] = [await runGraph(engine, graph, feeds), await runGraph(engine, graph, feeds)];
    for (const [name, data] of first) expect(second.get(name), name).toEqual(data);
  });

  test("takes one sweep an edge", () => {
    const engine = engines[kind]!;
    const graph = node(5, 16, [4, 8, 8]);
    const sweeps = (op: OpName, shader: string) =>
      dispatches(engine, graph, op).filter((spec) => spec.shader === shader);
    expect(sweeps("mix", "mix").length).toBe(5);
    expect(sweeps("mix_grad", "mix_grad_parts").length).toBe(5);
    // One pipeline for all edges, one for the first sum.
    const pipelines = (specs: readonly DispatchSpec[]) =>
      new Set(specs.map(({ conditions }) => JSON.stringify(conditions)));
    expect(pipelines(sweeps("mix", "mix")).size).toBe(2);
    expect(pipelines(sweeps("mix_grad", "mix_grad_parts")).size).toBe(1);
  });

  test("sums keep their digits when the mean is 10,000 times the deviation", async () => {
    const engine = engines[kind]!;
    const shape = [3, 6, 61, 47];
    const pixels = 3 * 61 * 47;
    const means = [1e4, -1e4, 3e3, 1, 0, 1e4];
    const x = uniformData(new Rng(7, 0), elements(planes(shape))).map(
      (value, index) => value + means[Math.floor(index / (61 * 47)) % 6]!,
    );
    const g = new GraphBuilder();
    const inputs = [g.input("dy", planes(shape)), g.input("x", planes(shape)), g.input("stats", flat([3, 6]))];
    const attrs = { channels: 6, terms: [{ x: 0, start: 0, norm: { stats: 1, batch: true } }] };
    g.output("grad", g.add("mix_grad", inputs, attrs));
    const graph = g.build();
    const ones = [1, 1, 1, 1, 1, 1];
    const feeds = { ...feedsOf(graph) };
    const fed = { ...feeds, inputs: { ...feeds.inputs, x, stats: [...means, ...ones, ...ones] } };
    const want = evaluateReference(graph, fed).get("grad")!;
    const got = (await runGraph(engine, graph, fed)).get("grad")!;
    for (let channel = 0; channel < 6; channel++) {
      const s1 = mixRow(0) * 6 + channel;
      expect(Math.abs(got[s1]! - want[s1]!), `channel ${channel}`).toBeLessThanOrEqual(1e-7 * pixels);
    }
  });
});

test("a sum of whole tensors takes no coefficients", () => {
  const g = new GraphBuilder();
  const values: Value[] = Array.from({ length: 8 }, (_, index) => g.input(`x${index}`, planes([2, 6, 3, 3])));
  g.output("y", g.add("mix", values, { channels: 6, terms: values.map((_, x) => ({ x, start: 0 })) }));
  const specs = dispatches(engines.software!, g.build(), "mix");
  expect(specs.map(({ shader, reads }) => [shader, reads.length])).toEqual([
    ["mix", 6],
    ["mix", 2],
  ]);
});

test("a sum of one batch norm of some quads of a tensor is that batch norm", async () => {
  const shape = [2, 11, 5, 3];
  for (const affine of [false, true]) {
    const g = new GraphBuilder();
    const scale = affine ? [g.input("gamma", flat([6])), g.input("beta", flat([6]))] : [];
    const values = [g.input("x", planes(shape)), g.input("stats", flat([3, 11])), ...scale];
    const norm = { stats: 1, batch: true, ...(affine && { gamma: 2, beta: 3 }) };
    const y = g.add("mix", values, { channels: 6, terms: [{ x: 0, start: 4, norm }] });
    g.output("y", y);
    const graph = g.build();
    expect(dispatches(engines.software!, graph, "mix").map(({ shader }) => shader)).toEqual(["bn_apply"]);
    for (const engine of Object.values(engines)) await check(engine, graph, feedsOf(graph));
  }
});
