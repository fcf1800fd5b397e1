import type { GraphBuilder } from "../builder.ts";
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

/** The summands, those that one op can compute together. */
function pieces(graph: Graph, sum: Node, single: (value: Value) => boolean): Value[][] {
  const groups = new Map<string, Value[]>();
  for (const input of sum.inputs) {
    const { op, inputs } = graph.nodes[input]!;
    const key = op === "mix_dx" ? `by ${inputs[0]}` : op === "mix_dw" ? "by weights" : undefined;
    const group = key !== undefined && single(input) ? key : `alone ${groups.size}`;
    groups.set(group, [...(groups.get(group) ?? []), input]);
  }
  return [...groups.values()];
}

function join(sum: Value, summands: readonly (readonly Value[])[], graph: Graph): Group {
  return {
    members: [sum],
    build(g, moved) {
      const values = summands.map((group) => {
        const nodes = group.map((value) => graph.nodes[value]!);
        if (nodes.length === 1) return moved(group[0]!);
        return nodes[0]!.op === "mix_dx"
          ? joinDx(g, nodes as Node<"mix_dx">[], moved)
          : joinDw(g, nodes as Node<"mix_dw">[], moved);
      });
      return [values.length === 1 ? values[0]! : g.add("add", values, {})];
    },
  };
}

type Moved = (old: Value) => Value;

function joinDx(g: GraphBuilder, nodes: readonly Node<"mix_dx">[], moved: Moved): Value {
  const sources: Value[] = [];
  const terms: OpAttrs["mix_dx"]["terms"][number][] = [];
  for (const { inputs, attrs } of nodes) {
    const first = sources.length / 2;
    sources.push(...inputs.slice(1));
    terms.push(...attrs.terms.map((term) => ({ ...term, source: term.source + first })));
  }
  return g.add("mix_dx", [nodes[0]!.inputs[0]!, ...sources].map(moved), { terms });
}

function joinDw(g: GraphBuilder, nodes: readonly Node<"mix_dw">[], moved: Moved): Value {
  const sources: Value[] = [];
  const rows: OpAttrs["mix_dw"]["rows"][number][] = [];
  for (const { inputs, attrs } of nodes) {
    const first = sources.length;
    sources.push(...inputs);
    rows.push(...attrs.rows.map((row) => ({ ...row, source: row.source + first })));
  }
  return g.add("mix_dw", sources.map(moved), { rows, size: nodes[0]!.attrs.size });
}
