import type { Node, Value } from "../types.ts";
import { type Pass, rewrite } from "./rewrite.ts";

/**
 * Computes equal expressions once: nodes with the same op, inputs and attributes share the first one's value. Every op is a
 * pure function of these (random masks are numbered), so edges that leave one state share its ReLU and its pools.
 */
export const commonSubexpressions: Pass = {
  name: "common-subexpressions",
  run(graph) {
    const known = new Map<string, Value>();
    return rewrite(graph, ({ g, node, inputs }) => {
      const key = keyOf(node, inputs);
      const first = known.get(key);
      if (first === undefined) known.set(key, g.add(node.op, inputs, node.attrs));
      return known.get(key);
    });
  },
};

function keyOf(node: Node, inputs: readonly Value[]): string {
  const attrs = Object.entries(node.attrs).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${node.op}(${inputs.join()})${JSON.stringify(attrs, exactNumbers)}`;
}

/** JSON knows neither NaN and infinities nor the sign of zero. */
function exactNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== "number" || (Number.isFinite(value) && !Object.is(value, -0))) return value;
  return Object.is(value, -0) ? "-0" : String(value);
}
