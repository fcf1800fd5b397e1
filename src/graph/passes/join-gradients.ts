import type { Graph, Node, OpAttrs, Value } from "../types.ts";
import { type Group, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * The gradient of a tensor is a sum of what its readers make of their own gradients, each on the channels it took. One op
 * computes the sum instead of pieces that are added up.
 */
export const joinGradients: Pass = {
  name: "join-gradients",
  run(graph) {
    const users = usersOf(graph);
    const single = (value: Value) => users.get(value)?.length === 1;
    const groups = graph.nodes.flatMap((node, index) => {
      if (node.op !== "add") return [];
      const joined = pieces(graph, node, single);
      return joined.length < node.inputs.length ? [join(index as Value, joined, graph)] : [];
    });
    return regroup(graph, groups);
  },
};

/** The summands, those that are parts of one gradient together. */
function pieces(graph: Graph, sum: Node, single: (value: Value) => boolean): Value[][] {
  const result: Value[][] = [];
  for (const input of sum.inputs) {
    const piece = single(input) ? pieceOf(graph, input) : undefined;
    const fitting =
      piece &&
      result.find((group) => {
        const first = pieceOf(graph, group[0]!);
        return first?.inputs[0] === piece.inputs[0];
      });
    if (fitting) fitting.push(input);
    else result.push([input]);
  }
  return result;
}

function pieceOf(graph: Graph, value: Value): Node<"mix_dx"> | undefined {
  const node = graph.nodes[value]!;
  return node.op === "mix_dx" ? (node as Node<"mix_dx">) : undefined;
}

function join(sum: Value, summands: readonly (readonly Value[])[], graph: Graph): Group {
  return {
    members: [sum],
    build(g, moved) {
      const values = summands.map((group) => {
        if (group.length === 1) return moved(group[0]!);
        const nodes = group.map((value) => pieceOf(graph, value)!);
        const sources: Value[] = [];
        const terms: OpAttrs["mix_dx"]["terms"][number][] = [];
        for (const { inputs, attrs } of nodes) {
          const first = sources.length / 2;
          sources.push(...inputs.slice(1));
          terms.push(...attrs.terms.map((term) => ({ ...term, source: term.source + first })));
        }
        return g.add("mix_dx", [nodes[0]!.inputs[0]!, ...sources].map(moved), { terms });
      });
      return [values.length === 1 ? values[0]! : g.add("add", values, {})];
    },
  };
}
