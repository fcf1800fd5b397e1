import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differentiate } from "../../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { commonSubexpressions } from "../../../src/graph/passes/common-subexpressions.ts";
import { constantFolding } from "../../../src/graph/passes/constant-folding.ts";
import { deadCode } from "../../../src/graph/passes/dead-code.ts";
import { optimize, type Pass, passes } from "../../../src/graph/passes/index.ts";
import { rewrite } from "../../../src/graph/passes/rewrite.ts";
import { printGraph } from "../../../src/graph/print.ts";
import { elements, flat, type Graph, type OpAttrs, planes, type Value } from "../../../src/graph/types.ts";
import { Rng } from "../../../src/random/rng.ts";
import type { Feeds } from "../../../src/runtime/feeds.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { opCases, uniformData, withGradients } from "../../properties.ts";

const shape = [2, 3, 4, 4];

/** Feeds of random numbers for every input and parameter of a graph. */
function randomFeeds(graph: Graph): Feeds {
  const rng = new Rng(7, 0);
  const inputs: Record<string, ArrayLike<number>> = {};
  const params: Record<string, ArrayLike<number>> = {};
  for (const node of graph.nodes) {
    const count = elements(node.type);
    if (node.op === "input") inputs[(node.attrs as OpAttrs["input"]).name] = uniformData(rng, count);
    if (node.op === "param") params[(node.attrs as OpAttrs["param"]).name] = uniformData(rng, count);
  }
  return { inputs, params, step: { seed: 1, step: 2, dropPath: 0.4 } };
}

function expectSameValues(before: Graph, after: Graph, feeds = randomFeeds(before)): void {
  const expected = evaluateReference(before, feeds);
  const actual = evaluateReference(after, feeds);
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, data] of expected) {
    // Dropping exact zeros and sharing values changes no bit but the sign of zeros.
    expect(actual.get(name)!.map((value) => value + 0)).toEqual(data.map((value) => value + 0));
  }
}

/** Runs one pass and checks that it kept every output and every parameter. */
function applied(pass: Pass, graph: Graph): string {
  const after = pass.run(graph);
  expectSameValues(graph, after);
  expect(after.params).toEqual(graph.params);
  return `before\n${printGraph(graph)}\nafter\n${printGraph(after)}`;
}

const param = (g: GraphBuilder, name: string, size: number): Value =>
  g.param({ name, role: "alphas", shape: [size], init: { kind: "constant", value: 0 } });
const zeros = (g: GraphBuilder) => g.add("fill", [], { type: planes(shape), value: 0 });

describe("constant folding", () => {
  test("removes an edge's `none` from the mixed sum and from the gradient by the weights", () => {
    const g = new GraphBuilder();
    const x = g.input("x", planes(shape));
    const w = param(g, "alphas", 3);
    const none = g.add("scale", [x], { factor: 0 });
    const y = g.scoped("mixed", () => g.add("weighted_sum", [w, x, none, x], { indices: [0, 1, 2] }));
    g.output("y", y);
    g.output("dw", g.add("weighted_sum_dw", [y, x, none, x], { indices: [0, 1, 2], size: 3 }), {
      arena: "grad",
      param: "alphas",
    });
    expect(applied(constantFolding, g.build())).toMatchInlineSnapshot(`
      "before
      %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
      %1 = param() {name: alphas, role: alphas} : flat f32 [3]
      %2 = scale(%0) {factor: 0} : planes f32 [2, 3, 4, 4]
      %3 = weighted_sum(%1, %0, %2, %0) {indices: [0, 1, 2]} : planes f32 [2, 3, 4, 4]  # mixed
      %4 = weighted_sum_dw(%3, %0, %2, %0) {indices: [0, 1, 2], size: 3} : flat f32 [3]
      output y = %3
      output dw = %4 -> grad alphas
      after
      %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
      %1 = param() {name: alphas, role: alphas} : flat f32 [3]
      %2 = fill() {value: 0} : planes f32 [2, 3, 4, 4]
      %3 = weighted_sum(%1, %0, %0) {indices: [0, 2]} : planes f32 [2, 3, 4, 4]  # mixed
      %4 = weighted_sum_dw(%3, %0, %0) {indices: [0, 2], size: 3} : flat f32 [3]
      output y = %3
      output dw = %4 -> grad alphas"
    `);
  });

  test("evaluates constants and drops identities", () => {
    const g = new GraphBuilder();
    const x = g.input("x", planes([2, 3, 1, 1]));
    const one = g.add("fill", [], { type: flat([1]), value: 1 });
    const seed = g.add("scale", [g.add("expand", [one], { shape: [2], factor: 0.5 })], { factor: -3 });
    g.output("seed", g.add("add", [seed, g.add("relu", [seed], {})], {}));
    const same = g.add("flatten", [g.add("stop_gradient", [g.add("scale", [x], { factor: 1 })], {})], {});
    g.output("same", g.add("add", [same], {}));
    g.output("hidden", g.add("stop_forward", [x], {}));
    expect(applied(constantFolding, g.build())).toMatchInlineSnapshot(`
      "before
      %0 = input() {name: x} : planes f32 [2, 3, 1, 1]
      %1 = fill() {value: 1} : flat f32 [1]
      %2 = expand(%1) {factor: 0.5} : flat f32 [2]
      %3 = scale(%2) {factor: -3} : flat f32 [2]
      %4 = relu(%3) : flat f32 [2]
      %5 = add(%3, %4) : flat f32 [2]
      %6 = scale(%0) {factor: 1} : planes f32 [2, 3, 1, 1]
      %7 = stop_gradient(%6) : planes f32 [2, 3, 1, 1]
      %8 = flatten(%7) : planes f32 [2, 3, 1, 1]
      %9 = add(%8) : planes f32 [2, 3, 1, 1]
      %10 = stop_forward(%0) : planes f32 [2, 3, 1, 1]
      output seed = %5
      output same = %9
      output hidden = %10
      after
      %0 = input() {name: x} : planes f32 [2, 3, 1, 1]
      %1 = fill() {value: 1} : flat f32 [1]
      %2 = fill() {value: 0.5} : flat f32 [2]
      %3 = fill() {value: -1.5} : flat f32 [2]
      %4 = fill() {value: 0} : flat f32 [2]
      %5 = fill() {value: 0} : planes f32 [2, 3, 1, 1]
      output seed = %3
      output same = %0
      output hidden = %5"
    `);
  });

  test("a gradient that is zero stays zero through every rule", () => {
    const g = new GraphBuilder();
    const x = g.input("x", planes(shape));
    const w = g.param({ name: "w", role: "weights", shape: [5, 3, 3, 3], init: { kind: "constant", value: 0 } });
    const attrs = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
    const z = g.add("conv2d", [x, w], attrs);
    const normal = g.add("bn_apply", [z, g.add("bn_stats", [z], { eps: 1e-5 })], { affine: false, batch: true });
    const pool = { kernel: [2, 2], stride: [2, 2], padding: [0, 0] } as const;
    const y = g.add("avg_pool", [g.add("max_pool", [g.add("relu", [normal], {})], pool)], pool);
    const dy = g.add("fill", [], { type: g.type(y), value: 0 });
    const { builder, gradients } = differentiate(g.build(), [{ value: y, gradient: dy }], [x, w]);
    builder.output("dx", gradients[0]!);
    builder.output("dw", gradients[1]!);
    const graph = builder.build();
    const folded = deadCode.run(constantFolding.run(graph));
    expectSameValues(graph, folded);
    expect(printGraph(folded)).toMatchInlineSnapshot(`
      "%0 = fill() {value: 0} : planes f32 [2, 3, 4, 4]
      %1 = fill() {value: 0} : flat f32 [5, 3, 3, 3]
      output dx = %0
      output dw = %1"
    `);
  });
});

test("common subexpressions: the ReLU and the pools of one state are computed once, masks are told apart", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes(shape));
  const pool = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
  const edge = (index: number) =>
    g.scoped(`edge${index}`, () => {
      const pooled = g.add("max_pool", [g.add("relu", [x], {})], { ...pool });
      return g.add("scale_samples", [pooled, g.add("drop_path_mask", [], { index, samples: 2 })], {});
    });
  g.output("y", g.add("add", [edge(0), edge(1), edge(0)], {}));
  expect(applied(commonSubexpressions, g.build())).toMatchInlineSnapshot(`
    "before
    %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
    %1 = relu(%0) : planes f32 [2, 3, 4, 4]  # edge0
    %2 = max_pool(%1) {kernel: [3, 3], stride: [1, 1], padding: [1, 1]} : planes f32 [2, 3, 4, 4]  # edge0
    %3 = drop_path_mask() {index: 0, samples: 2} : flat f32 [2]  # edge0
    %4 = scale_samples(%2, %3) : planes f32 [2, 3, 4, 4]  # edge0
    %5 = relu(%0) : planes f32 [2, 3, 4, 4]  # edge1
    %6 = max_pool(%5) {kernel: [3, 3], stride: [1, 1], padding: [1, 1]} : planes f32 [2, 3, 4, 4]  # edge1
    %7 = drop_path_mask() {index: 1, samples: 2} : flat f32 [2]  # edge1
    %8 = scale_samples(%6, %7) : planes f32 [2, 3, 4, 4]  # edge1
    %9 = relu(%0) : planes f32 [2, 3, 4, 4]  # edge0
    %10 = max_pool(%9) {kernel: [3, 3], stride: [1, 1], padding: [1, 1]} : planes f32 [2, 3, 4, 4]  # edge0
    %11 = drop_path_mask() {index: 0, samples: 2} : flat f32 [2]  # edge0
    %12 = scale_samples(%10, %11) : planes f32 [2, 3, 4, 4]  # edge0
    %13 = add(%4, %8, %12) : planes f32 [2, 3, 4, 4]
    output y = %13
    after
    %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
    %1 = relu(%0) : planes f32 [2, 3, 4, 4]  # edge0
    %2 = max_pool(%1) {kernel: [3, 3], stride: [1, 1], padding: [1, 1]} : planes f32 [2, 3, 4, 4]  # edge0
    %3 = drop_path_mask() {index: 0, samples: 2} : flat f32 [2]  # edge0
    %4 = scale_samples(%2, %3) : planes f32 [2, 3, 4, 4]  # edge0
    %5 = drop_path_mask() {index: 1, samples: 2} : flat f32 [2]  # edge1
    %6 = scale_samples(%2, %5) : planes f32 [2, 3, 4, 4]  # edge1
    %7 = add(%4, %6, %4) : planes f32 [2, 3, 4, 4]
    output y = %7"
  `);
});

test("common subexpressions tells numbers apart that JSON confuses", () => {
  const g = new GraphBuilder();
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0];
  for (const value of values) g.output(`${g.build().nodes.length}`, g.add("fill", [], { type: flat([1]), value }));
  expect(commonSubexpressions.run(g.build()).nodes).toHaveLength(values.length);
});

test("dead code: only what reaches an output stays, and every parameter keeps its place", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes(shape));
  const used = param(g, "used", 3);
  const unused = param(g, "unused", 3);
  g.add("add_bias", [x, unused], {});
  g.output("y", g.add("add_bias", [x, used], {}));
  expect(applied(deadCode, g.build())).toMatchInlineSnapshot(`
    "before
    %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
    %1 = param() {name: used, role: alphas} : flat f32 [3]
    %2 = param() {name: unused, role: alphas} : flat f32 [3]
    %3 = add_bias(%0, %2) : planes f32 [2, 3, 4, 4]
    %4 = add_bias(%0, %1) : planes f32 [2, 3, 4, 4]
    output y = %4
    after
    %0 = input() {name: x} : planes f32 [2, 3, 4, 4]
    %1 = param() {name: used, role: alphas} : flat f32 [3]
    %2 = add_bias(%0, %1) : planes f32 [2, 3, 4, 4]
    output y = %2"
  `);
});

/** The graph with some of its f32 sources replaced by constants, many of them zero. */
function withConstants(graph: Graph, seed: number): Graph {
  const rng = new Rng(seed, 0);
  return rewrite(graph, ({ g, node }) => {
    const isSource = (node.op === "input" || node.op === "param") && node.type.dtype === "f32";
    const value = [0, 0, 1, -2][rng.randint(6)];
    return isSource && value !== undefined ? g.add("fill", [], { type: node.type, value }) : undefined;
  });
}

/** Like `expectSameValues`, up to rounding, and with 0 allowed for 0 times infinity. */
function expectCloseValues(before: Graph, after: Graph, feeds: Feeds): void {
  const actual = evaluateReference(after, feeds);
  for (const [name, expected] of evaluateReference(before, feeds)) {
    actual.get(name)!.forEach((value, index) => {
      const wanted = expected[index]!;
      if (Object.is(value, wanted) || (value === 0 && !Number.isFinite(wanted))) return;
      expect(Math.abs(value - wanted), name).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(wanted)));
    });
  }
}

describe("optimize", () => {
  for (const [name, arbitrary] of Object.entries(opCases)) {
    test(`keeps the values of ${name} on constants`, () => {
      fc.assert(
        fc.property(arbitrary, fc.nat(), (opCase, seed) => {
          const { graph, feeds } = withGradients(opCase);
          const constant = withConstants(graph, seed);
          expectCloseValues(constant, optimize(constant), feeds);
        }),
        { numRuns: 60 },
      );
    });
  }

  test("keeps every value of every op's graph with gradients, and has nothing left to do on its result", () => {
    for (const arbitrary of Object.values(opCases)) {
      fc.assert(
        fc.property(arbitrary, (opCase) => {
          const { graph, feeds } = withGradients(opCase);
          const optimized = optimize(graph);
          expectSameValues(graph, optimized, feeds);
          expect(printGraph(optimize(optimized))).toBe(printGraph(optimized));
        }),
        { numRuns: 15 },
      );
    }
  });

  test("leaves passes out by name", () => {
    const g = new GraphBuilder();
    g.output("y", g.add("add", [zeros(g), zeros(g)], {}));
    const count = (...without: string[]) => optimize(g.build(), { without }).nodes.length;
    expect(count()).toBe(1);
    expect(count("constant-folding")).toBe(2);
    expect(count("constant-folding", "common-subexpressions")).toBe(3);
    expect(count(...passes.map((pass) => pass.name))).toBe(3);
    expect(() => count("fusion")).toThrow(
      `there is no graph pass "fusion"; the passes are ${passes.map(({ name }) => name).join(", ")}`,
    );
  });
});
