import type { Graph, MixTerm, Node, Value } from "../types.ts";
import { type Group, groupBy, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * The softmaxes of all edges' alphas become one op if only sums read them: these then find their weights in the one long
 * vector. Its gradient is one op as well.
 */
export const batchSoftmax: Pass = {
  name: "batch-softmax",
  run(graph) {
    const users = usersOf(graph);
    const outputs = new Set(graph.outputs.map(({ value }) => value));
    const [members = []] = groupBy(graph, ({ op, inputs, type }, value) => {
      const sums = users.get(value)?.every((user) => graph.nodes[user]!.op === "mix");
      return op === "softmax" && inputs.length === 1 && sums && !outputs.has(value) ? `${type.shape}` : undefined;
    });
    if (members.length < 2) return graph;
    const joined: Group = {
      members,
      build(g, moved) {
        const vectors = members.map((member) => moved(graph.nodes[member]!.inputs[0]!));
        const all = g.add("softmax", vectors, {});
        return members.map(() => all);
      },
    };
    const sums = graph.nodes.flatMap((node, index): Group[] =>
      node.op === "mix" && node.inputs.some((input) => members.includes(input))
        ? [shifted(graph, node as Node<"mix">, index as Value, members)]
        : [],
    );
    return regroup(graph, [joined, ...sums]);
  },
};

/** A sum whose weights lie in the joined vector, those of member i after those of the members before it. */
function shifted(graph: Graph, node: Node<"mix">, value: Value, members: readonly Value[]): Group {
  const { terms } = node.attrs;
  const others = node.inputs.filter((input) => !members.includes(input));
  const size = graph.nodes[members[0]!]!.type.shape[0]!;
  const at = (index: number) => others.indexOf(node.inputs[index]!);
  const vector = others.length;
  return {
    members: [value],
    build(g, moved) {
      const moves = (term: MixTerm): MixTerm => ({
        x: at(term.x),
        start: term.start,
        ...(term.norm && { norm: movedNorm(term.norm, at) }),
        ...(term.weight && { weight: movedWeight(term.weight) }),
      });
      const movedWeight = (weight: NonNullable<MixTerm["weight"]>) => {
        const member = members.indexOf(node.inputs[weight.vector]!);
        if (member < 0) return { ...weight, vector: at(weight.vector) };
        return { ...weight, vector, index: member * size + weight.index };
      };
      const inputs = [...others, members[0]!].map(moved);
      return [g.add("mix", inputs, { ...node.attrs, terms: terms.map(moves) })];
    },
  };
}

function movedNorm(norm: NonNullable<MixTerm["norm"]>, at: (index: number) => number): NonNullable<MixTerm["norm"]> {
  const { stats, batch, gamma, beta } = norm;
  return {
    stats: at(stats),
    batch,
    ...(gamma !== undefined && beta !== undefined && { gamma: at(gamma), beta: at(beta) }),
  };
}
