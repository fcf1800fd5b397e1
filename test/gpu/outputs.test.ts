import { expect, test } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { planes, type Value } from "../../src/graph/types.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { testEngine } from "./engine.ts";

const CHANNELS = 6;

/** Two parameters whose gradients are outputs of `build`; returns all results. */
async function run(build: (g: GraphBuilder, sum: Value) => void): Promise<Record<string, number[]>> {
  const g = new GraphBuilder();
  const init = { kind: "constant", value: 0 } as const;
  for (const name of ["a", "b"]) g.param({ name, role: "weights", shape: [CHANNELS], init });
  const dy = g.input("dy", planes([2, CHANNELS, 3, 3]));
  build(g, g.add("channel_sum", [dy], {}));
  const inputs = { dy: new Float32Array(2 * CHANNELS * 9).fill(1) };
  const zeros = new Float32Array(CHANNELS);
  const results = await runGraph(await testEngine(), g.build(), { inputs, params: { a: zeros, b: zeros } });
  return Object.fromEntries([...results].map(([name, data]) => [name, Array.from(data)]));
}

const all = (value: number) => Array<number>(CHANNELS).fill(value);

test("two parameters may have one gradient, which is an output, too", async () => {
  const results = await run((g, sum) => {
    g.output("grad/a", sum, { arena: "grad", param: "a" });
    g.output("grad/b", sum, { arena: "grad", param: "b" });
    g.output("sum", sum);
    g.output("again", sum);
  });
  expect(results).toEqual({ "grad/a": all(18), "grad/b": all(18), sum: all(18), again: all(18) });
});

test("two parameters may have one gradient that nothing else reads", async () => {
  const results = await run((g, sum) => {
    g.output("grad/a", sum, { arena: "grad", param: "a" });
    g.output("grad/b", sum, { arena: "grad", param: "b" });
  });
  expect(results).toEqual({ "grad/a": all(18), "grad/b": all(18) });
});

test("a gradient may be computed from another one", async () => {
  const results = await run((g, sum) => {
    g.output("grad/a", sum, { arena: "grad", param: "a" });
    g.output("grad/b", g.add("scale", [sum], { factor: 2 }), { arena: "grad", param: "b" });
  });
  expect(results).toEqual({ "grad/a": all(18), "grad/b": all(36) });
});
