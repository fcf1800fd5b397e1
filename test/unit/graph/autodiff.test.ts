import { expect, test } from "vitest";
import { differentiate } from "../../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { printGraph } from "../../../src/graph/print.ts";
import { flat, type Graph, planes, type Value } from "../../../src/graph/types.ts";
import { Rng } from "../../../src/random/rng.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { uniformData } from "../../properties.ts";

const conv3x3 = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;

test("contributions of several uses are summed by one add in the order of the uses", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 2, 2, 2]));
  const twice = g.add("scale", [x], { factor: 2 });
  const y = g.scoped("node", () => g.add("add", [twice, x, g.add("scale", [x], { factor: 3 })], {}));
  const dy = g.input("dy", g.type(y));
  const { builder, gradients } = differentiate(g.build(), [{ value: y, gradient: dy }], [x]);
  builder.output("dx", gradients[0]!);
  expect(printGraph(builder.build())).toMatchInlineSnapshot(`
    "%0 = input() {name: x} : planes f32 [1, 2, 2, 2]
    %1 = scale(%0) {factor: 2} : planes f32 [1, 2, 2, 2]
    %2 = scale(%0) {factor: 3} : planes f32 [1, 2, 2, 2]  # node
    %3 = add(%1, %0, %2) : planes f32 [1, 2, 2, 2]  # node
    %4 = input() {name: dy} : planes f32 [1, 2, 2, 2]
    %5 = scale(%4) {factor: 3} : planes f32 [1, 2, 2, 2]  # node
    %6 = scale(%4) {factor: 2} : planes f32 [1, 2, 2, 2]
    %7 = add(%6, %5, %4) : planes f32 [1, 2, 2, 2]
    output dx = %7"
  `);
});

test("only what lies between the seeds and the asked values is differentiated", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 2, 4, 4]));
  const w = g.param({ name: "w", role: "weights", shape: [3, 2, 3, 3], init: { kind: "constant", value: 0 } });
  const y = g.add("conv2d", [x, w], conv3x3);
  const dy = g.input("dy", g.type(y));
  const forward = g.build();
  const ops = (wrt: Value[]) =>
    differentiate(forward, [{ value: y, gradient: dy }], wrt)
      .builder.build()
      .nodes.slice(forward.nodes.length)
      .map((node) => node.op);
  expect(ops([w])).toEqual(["conv2d_dw"]);
  expect(ops([x])).toEqual(["conv2d_dx"]);
  expect(ops([])).toEqual([]);
});

test("nothing flows past stop_gradient or from a value that no seed depends on", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 2, 2, 2]));
  const other = g.input("other", planes([1, 2, 2, 2]));
  const y = g.add("stop_gradient", [x], {});
  const { gradients } = differentiate(g.build(), [{ value: y, gradient: other }], [x, other]);
  expect(gradients).toEqual([undefined, undefined]);
});

test("a gradient that reaches an op without one is an error, not a silent zero", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([2, 3, 1, 1]));
  const labels = g.input("labels", flat([2], "u32"));
  const hits = g.scoped("metrics", () => g.add("top_k", [x, labels], { k: 1 }));
  const dy = g.input("dy", flat([2]));
  const graph = g.build();
  expect(() => differentiate(graph, [{ value: hits, gradient: dy }], [x])).toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: top_k in metrics: no gradient is defined for this op; use stop_gradient before it]`,
  );
  expect(differentiate(graph, [{ value: hits, gradient: dy }], [hits]).gradients).toEqual([dy]);
});

test("the gradient passes stop_forward as if it were the identity", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 1, 1, 2]));
  const dy = g.input("dy", planes([1, 1, 1, 2]));
  const y = g.add("stop_forward", [g.add("scale", [x], { factor: 3 })], {});
  const { builder, gradients } = differentiate(g.build(), [{ value: y, gradient: dy }], [x]);
  builder.output("y", y);
  builder.output("dx", gradients[0]!);
  const results = evaluateReference(builder.build(), { inputs: { x: [5, 6], dy: [1, 2] }, params: {} });
  expect([...results.get("y")!]).toEqual([0, 0]);
  expect([...results.get("dx")!]).toEqual([3, 6]);
});

/** A small cell: two mixed edges with softmaxed alphas, batch norm, a classifier and a smoothed loss. */
function cell(): { graph: Graph; loss: Value; wrt: Map<string, Value>; feeds: Record<string, Float32Array> } {
  const g = new GraphBuilder();
  const rng = new Rng(3, 0);
  const wrt = new Map<string, Value>();
  const feeds: Record<string, Float32Array> = {};
  const param = (name: string, shape: number[]) => {
    const value = g.param({ name, role: "weights", shape, init: { kind: "constant", value: 0 } });
    wrt.set(name, value);
    feeds[name] = uniformData(
      rng,
      shape.reduce((product, size) => product * size, 1),
    );
    return value;
  };
  const x = g.input("x", planes([2, 3, 5, 5]));
  feeds.x = uniformData(rng, 150);
  const batchNorm = (value: Value) =>
    g.add("bn_apply", [value, g.add("bn_stats", [value], { eps: 1e-5 })], { affine: false, batch: true });
  const mixed = (name: string, state: Value, stride: 1 | 2) => {
    const window = { kernel: [3, 3], stride: [stride, stride], padding: [1, 1] } as const;
    const conv = g.add("conv2d", [state, param(`${name}.conv`, [3, 3, 3, 3])], {
      ...conv3x3,
      stride: [stride, stride],
    });
    const depthwise = g.add("conv2d", [state, param(`${name}.dw`, [3, 1, 3, 3])], {
      ...conv3x3,
      stride: [stride, stride],
      groups: 3,
    });
    const weights = g.add("softmax", [param(`${name}.alphas`, [3])], {});
    const branches = [batchNorm(conv), batchNorm(depthwise), g.add("avg_pool", [state], window)];
    return g.add("weighted_sum", [weights, ...branches], { indices: [0, 1, 2] });
  };
  const s1 = mixed("e0", x, 2);
  const s2 = g.add("add", [mixed("e1", x, 2), mixed("e2", s1, 1)], {});
  const pooled = g.add("global_avg_pool", [g.add("concat", [s1, s2], {})], {});
  const linear = g.add("conv2d", [pooled, param("fc.weight", [4, 6])], { ...conv3x3, padding: [0, 0] });
  const logits = g.add("add_bias", [linear, param("fc.bias", [4])], {});
  const labels = g.input("labels", flat([2], "u32"));
  const loss = g.add("mean", [g.add("cross_entropy", [logits, labels], { smoothing: 0.1 })], {});
  g.output("loss", loss);
  return { graph: g.build(), loss, wrt, feeds };
}

test("gradients of a whole cell agree with central differences", () => {
  const { graph, loss, wrt, feeds } = cell();
  const seeded = GraphBuilder.extend(graph);
  const one = seeded.add("fill", [], { type: flat([1]), value: 1 });
  const { builder, gradients } = differentiate(seeded.build(), [{ value: loss, gradient: one }], [...wrt.values()]);
  [...wrt.keys()].forEach((name, index) => {
    builder.output(name, gradients[index]!);
  });
  const run = (of: Graph, params: Record<string, ArrayLike<number>>) =>
    evaluateReference(of, { inputs: { x: feeds.x!, labels: [3, 1] }, params });
  const results = run(builder.build(), feeds);
  const step = 1e-5;
  for (const name of wrt.keys()) {
    const numeric = Array.from(feeds[name]!, (_, index) => {
      const moved = (by: number) => {
        const data = Float64Array.from(feeds[name]!);
        data[index]! += by;
        return run(graph, { ...feeds, [name]: data }).get("loss")![0]!;
      };
      return (moved(step) - moved(-step)) / (2 * step);
    });
    const gradient = results.get(name)!;
    expect(gradient.some((value) => Math.abs(value) > 1e-3)).toBe(true);
    numeric.forEach((value, index) => {
      expect(Math.abs(gradient[index]! - value), `${name}[${index}]`).toBeLessThan(1e-8);
    });
  }
});
