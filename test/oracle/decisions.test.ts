import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { elements, type Graph, planes } from "../../src/graph/types.ts";
import { evaluateReference } from "../../src/runtime/reference/index.ts";
import { sameDecisions } from "./decisions.ts";
import type { Backend } from "./support.ts";

const type = planes([1, 1, 2, 16]);

/** Gradients by x of a ReLU and of a 2x2 max pool with stride 2. */
function kinks(): Graph {
  const g = new GraphBuilder();
  const x = g.input("x", type);
  const dy = g.input("dy", type);
  const window = { kernel: [2, 2], stride: [2, 2], padding: [0, 0] } as const;
  const pooled = g.add("max_pool", [dy], window);
  const argmax = g.add("max_pool_argmax", [x], window);
  g.output("d.relu", g.add("relu_dx", [dy, g.add("relu", [x], {})], {}));
  g.output("d.pool", g.add("max_pool_dx", [pooled, argmax], { ...window, shape: type.shape }));
  return g.build();
}

/** Double precision on images that are off by `errors`: what rounding in earlier ops amounts to. */
const erring = (errors: Readonly<Record<number, number>>): Backend => ({
  name: "erring",
  run: async (graph, { inputs, ...rest }) => {
    const x = Array.from(inputs.x!, (value, at) => value + (errors[at] ?? 0));
    return evaluateReference(graph, { ...rest, inputs: { ...inputs, x } });
  },
});

/** 5 in the top left of each window, the others distinct and negative; then `changes`. */
function feeds(changes: Readonly<Record<number, number>>) {
  const x = Float64Array.from(
    { length: elements(type) },
    (_, at) => changes[at] ?? (at < 16 && at % 2 === 0 ? 5 : -at),
  );
  return { inputs: { x, dy: x.map((_, at) => at + 1) }, params: {} };
}

describe("decisions taken over from a backend", () => {
  it("accepts ties in a window and at zero, and evaluates the gradients that belong to them", async () => {
    const fed = feeds({ 1: 5 - 1e-7, 20: 1e-7 });
    const { actual, exact } = await sameDecisions(erring({ 1: 3e-7, 20: -3e-7 }), kinks(), fed);
    const own = evaluateReference(kinks(), fed);
    for (const name of ["d.relu", "d.pool"]) {
      expect(exact.get(name)).toEqual(actual.get(name));
      expect(exact.get(name)).not.toEqual(own.get(name));
    }
  });

  it.each([
    ["another pixel of a window that is clearly smaller", { 1: 4.9 }, { 1: 0.2 }],
    ["another sign of a value clearly above zero", { 20: 0.01 }, { 20: -0.02 }],
    ["another sign of a value clearly below zero", { 20: -0.01 }, { 20: 0.02 }],
  ])("rejects %s", async (_, changes, errors) => {
    await expect(sameDecisions(erring(errors), kinks(), feeds(changes))).rejects.toThrow("is no tie");
  });

  it("rejects many ties", async () => {
    const near = Object.fromEntries([17, 19, 21, 23, 25].map((at) => [at, 1e-7]));
    const errors = Object.fromEntries(Object.keys(near).map((at) => [at, -3e-7]));
    await expect(sameDecisions(erring(errors), kinks(), feeds(near))).rejects.toThrow("beyond 4");
  });
});
