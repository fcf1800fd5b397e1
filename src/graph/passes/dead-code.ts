import { GraphBuilder } from "../builder.ts";
import type { Graph, Value } from "../types.ts";
import type { Pass } from "./rewrite.ts";

/** Removes every node from which no output can be reached, so that a program computes only what is asked of it. */
export const deadCode: Pass = {
  name: "dead-code",
  run(graph: Graph): Graph {
    const live = new Set<number>(graph.outputs.map(({ value }) => value));
    for (let index = graph.nodes.length - 1; index >= 0; index--) {
      if (!live.has(index)) continue;
      for (const input of graph.nodes[index]!.inputs) live.add(input);
    }
    const g = new GraphBuilder();
    const moved = new Map<number, Value>();
    graph.nodes.forEach((node, index) => {
      if (!live.has(index)) return;
      const inputs = node.inputs.map((input) => moved.get(input)!);
      moved.set(
        index,
        g.scoped(node.scope, () => g.add(node.op, inputs, node.attrs)),
      );
    });
    const outputs = graph.outputs.map((output) => ({ ...output, value: moved.get(output.value)! }));
    return { nodes: g.build().nodes, outputs, params: graph.params };
  },
};
