import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { elements, type Graph } from "../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { opCases, withGradients } from "../properties.ts";
import { testEngine } from "./engine.ts";

/** Tested with more shapes in conv.test.ts. */
const CONVOLUTIONS = ["conv2d_dense", "conv2d_pointwise", "conv2d_depthwise", "linear", "add_bias"];
const NAMES = Object.keys(opCases).filter((name) => !CONVOLUTIONS.includes(name));

let software: Engine;
let gpu: Engine;
beforeAll(async () => {
  software = await testEngine();
  // The same device with the workgroups a GPU gets.
  gpu = new Engine({ device: software.device, kind: "gpu" });
});

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
  const at = graph.nodes.findIndex(({ op }) => op === "bn_stats" || op === "bn_running");
  if (at < 0) return 1;
  const builder = GraphBuilder.extend({ ...graph, outputs: [] });
  builder.output("stats", at as Graph["outputs"][number]["value"]);
  const stats = evaluateReference(builder.build(), feeds).get("stats")!;
  const channels = stats.length / 3;
  return 1 + largest(stats.subarray(channels, 2 * channels));
}

const largest = (data: ArrayLike<number>) => {
  let result = 0;
  for (let index = 0; index < data.length; index++) result = Math.max(result, Math.abs(data[index]!));
  return result;
};

async function check(engine: Engine, graph: Graph, feeds: Feeds): Promise<void> {
  const expected = evaluateReference(graph, feeds);
  const actual = await runGraph(engine, graph, feeds);
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, want] of expected) {
    const got = actual.get(name)!;
    expect(got.length, name).toBe(want.length);
    const bound = tolerance(graph, feeds, want);
    // Not `>`: NaN must fail.
    const wrong = want.findIndex((value, index) => !(Math.abs(value - got[index]!) <= bound));
    if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${got[wrong]}, not ${want[wrong]} +- ${bound}`);
  }
}

describe("every op and its gradient agree with the reference backend", () => {
  test.each(NAMES)("%s", async (name) => {
    const property = (engine: Engine) =>
      fc.asyncProperty(opCases[name]!, async (opCase) => {
        const { graph, feeds } = withGradients(opCase);
        await check(engine, graph, feeds);
      });
    await fc.assert(property(software), { numRuns: 50, seed: 1 });
    await fc.assert(property(gpu), { numRuns: 15, seed: 2 });
  });
});
