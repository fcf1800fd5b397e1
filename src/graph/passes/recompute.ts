import { GraphBuilder } from "../builder.ts";
import { elements, type Graph, type OpName, type Value } from "../types.ts";
import { usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/** Values of at least this share of the largest one are worth a second dispatch. */
const LARGE = 1 / 8;

/** What costs little against the convolutions it feeds, and is made of values that are kept anyway. */
const CHEAP: readonly OpName[] = ["depthwise", "pool_pair"];

/**
 * Computes large values of the forward pass a second time where the backward pass reads them, so that they need not be kept
 * in between. To be run after all passes that would join the two.
 */
export const recompute: Pass = {
  name: "recompute",
  run(graph) {
    const boundary = graph.nodes.findIndex(({ op }) => op === "cross_entropy");
    if (boundary < 0) return graph;
    const outputs = new Set(graph.outputs.map(({ value }) => value));
    const users = usersOf(graph);
    const largest = Math.max(...graph.nodes.map(({ type }) => (type.layout === "planes" ? elements(type) : 0)));
    // The reader in the backward pass before which a value is computed again.
    const again = new Map<number, Value[]>();
    graph.nodes.forEach(({ op, type }, index) => {
      const value = index as Value;
      const readers = users.get(value) ?? [];
      const late = readers.find((reader) => reader > boundary);
      if (!CHEAP.includes(op) || index > boundary || outputs.has(value) || late === undefined) return;
      if (elements(type) < LARGE * largest) return;
      again.set(late, [...(again.get(late) ?? []), value]);
    });
    return insertCopies(graph, again);
  },
};

function insertCopies(graph: Graph, again: ReadonlyMap<number, readonly Value[]>): Graph {
  const g = new GraphBuilder();
  const moved: Value[] = [];
  graph.nodes.forEach((node, index) => {
    for (const value of again.get(index) ?? []) {
      const original = graph.nodes[value]!;
      const inputs = original.inputs.map((input) => moved[input]!);
      moved[value] = g.scoped(original.scope, () => g.add(original.op, inputs, original.attrs));
    }
    const inputs = node.inputs.map((input) => moved[input]!);
    moved.push(g.scoped(node.scope, () => g.add(node.op, inputs, node.attrs)));
  });
  const outputs = graph.outputs.map((output) => ({ ...output, value: moved[output.value]! }));
  return { nodes: g.build().nodes, outputs, params: graph.params };
}
