import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { opDefs } from "../../../src/graph/ops/index.ts";
import type { Graph } from "../../../src/graph/types.ts";
import { Rng } from "../../../src/random/rng.ts";
import { evaluateReference, type Feeds } from "../../../src/runtime/reference/index.ts";
import { type OpCase, opCases, uniformData, withGradients } from "../../properties.ts";

const STEP = 1e-5;

/** Σ y * dy after moving one feed by `distance` along `direction`. */
function loss(graph: Graph, feeds: Feeds, name: string, direction: Float32Array, distance: number): number {
  const kind = name in feeds.inputs ? "inputs" : "params";
  const moved = Array.from(feeds[kind][name]!, (value, i) => value + distance * direction[i]!);
  const y = evaluateReference(graph, { ...feeds, [kind]: { ...feeds[kind], [name]: moved } }).get("y")!;
  const dy = feeds.inputs.dy!;
  return y.reduce((sum, value, i) => sum + value * dy[i]!, 0);
}

/** Compares every gradient of a case with central differences along random directions. */
function checkGradients(opCase: OpCase): void {
  const { graph, feeds } = withGradients(opCase);
  const results = evaluateReference(graph, feeds);
  for (const { name } of opCase.wrt) {
    const gradient = results.get(`d.${name}`);
    expect(gradient, `gradient by ${name}`).toBeDefined();
    for (const seed of [1, 2]) {
      const direction = uniformData(new Rng(seed, 0), gradient!.length);
      const products = gradient!.map((value, i) => value * direction[i]!);
      const expected = products.reduce((sum, value) => sum + value, 0);
      const scale = products.reduce((sum, value) => sum + Math.abs(value), 0);
      const ahead = loss(graph, feeds, name, direction, STEP);
      const behind = loss(graph, feeds, name, direction, -STEP);
      const error = Math.abs((ahead - behind) / (2 * STEP) - expected);
      // Truncation is of the order STEP^2 and rounding of 1e-16 / STEP, both times the case's curvature.
      expect(error, `derivative by ${name}: ${expected}`).toBeLessThan(1e-6 * (1 + scale));
    }
  }
}

describe("gradients agree with central differences", () => {
  for (const [name, arbitrary] of Object.entries(opCases)) {
    const [sample] = fc.sample(arbitrary, { numRuns: 1, seed: 1 });
    if (!sample!.smooth || sample!.wrt.length === 0) continue;
    test(name, () => {
      fc.assert(fc.property(arbitrary, checkGradients), { numRuns: 60 });
    });
  }
});

test("the random cases leave no op of the catalogue out", () => {
  const seen = new Set<string>();
  for (const arbitrary of Object.values(opCases)) {
    for (const opCase of fc.sample(arbitrary, { numRuns: 20, seed: 1 })) {
      for (const { op } of withGradients(opCase).graph.nodes) seen.add(op);
    }
  }
  expect(Object.keys(opDefs).filter((op) => !seen.has(op))).toEqual([]);
});
