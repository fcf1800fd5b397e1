import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { printGraph } from "../../../src/graph/print.ts";
import { type ParamSpec, planes } from "../../../src/graph/types.ts";

const bias = (shape: readonly number[]): ParamSpec => ({
  name: "fc.bias",
  role: "weights",
  shape,
  init: { kind: "uniform_fan_in", fanIn: 8 },
});

test("uses of one parameter share its node and must agree", () => {
  const g = new GraphBuilder();
  expect(g.param(bias([4]))).toBe(g.param(bias([4])));
  expect(g.build().params).toEqual([bias([4])]);
  expect(() => g.param(bias([5]))).toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: parameter fc.bias is used as weights [5], but before as weights [4]]`,
  );
});

test("scopes nest, end with their body even if it fails, and are printed with outputs and their slots", () => {
  const g = new GraphBuilder();
  const x = g.input("x", planes([1, 4, 1, 1]));
  const y = g.scoped("cell", () => g.scoped("0", () => g.add("add_bias", [x, g.param(bias([4]))], {})));
  expect(() =>
    g.scoped("broken", () => {
      throw new Error("no");
    }),
  ).toThrow("no");
  g.output("y", g.add("relu", [y], {}));
  g.output("grad", g.add("channel_sum", [y], {}), { arena: "grad", param: "fc.bias" });
  expect(printGraph(g.build())).toMatchInlineSnapshot(`
    "%0 = input() {name: x} : planes f32 [1, 4, 1, 1]
    %1 = param() {name: fc.bias, role: weights} : flat f32 [4]  # cell.0
    %2 = add_bias(%0, %1) : planes f32 [1, 4, 1, 1]  # cell.0
    %3 = relu(%2) : planes f32 [1, 4, 1, 1]
    %4 = channel_sum(%2) : flat f32 [4]
    output y = %3
    output grad = %4 -> grad fc.bias"
  `);
});

test("an extended graph keeps values, parameters and outputs, and leaves the original alone", () => {
  const g = new GraphBuilder();
  const b = g.param(bias([4]));
  const x = g.input("x", planes([1, 4, 1, 1]));
  g.output("x", x);
  const graph = g.build();
  const longer = GraphBuilder.extend(graph);
  expect(longer.param(bias([4]))).toBe(b);
  longer.output("y", longer.add("add_bias", [x, b], {}));
  expect(longer.build().outputs.map(({ name }) => name)).toEqual(["x", "y"]);
  expect(graph.nodes).toHaveLength(2);
  expect(graph.outputs).toHaveLength(1);
});
