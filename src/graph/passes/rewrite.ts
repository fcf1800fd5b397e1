import { GraphBuilder } from "../builder.ts";
import type { Graph, Node, Value } from "../types.ts";

/** A transformation of a graph that keeps what its outputs mean. */
export interface Pass {
  readonly name: string;
  run(graph: Graph): Graph;
}

/** A node about to be copied; `inputs` are already values of the new graph. */
export interface Candidate {
  readonly g: GraphBuilder;
  readonly node: Node;
  readonly inputs: readonly Value[];
}

/**
 * Copies a graph node by node in order. For each node `replace` may return a value of the new graph that takes its place;
 * with `undefined` the node is copied. Outputs follow their values. The parameter list stays whole even if a parameter is
 * no longer read: it lays out the arenas, which other programs share.
 */
export function rewrite(graph: Graph, replace: (candidate: Candidate) => Value | undefined): Graph {
  const g = new GraphBuilder();
  const moved: Value[] = [];
  graph.nodes.forEach((node) => {
    const inputs = node.inputs.map((input) => moved[input]!);
    moved.push(g.scoped(node.scope, () => replace({ g, node, inputs }) ?? g.add(node.op, inputs, node.attrs)));
  });
  const outputs = graph.outputs.map((output) => ({ ...output, value: moved[output.value]! }));
  return { nodes: g.build().nodes, outputs, params: graph.params };
}
