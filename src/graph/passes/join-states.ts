import { type Conv2dAttrs, elements, type Graph, type Node, type OpName, type Value } from "../types.ts";
import { LARGEST_TENSOR } from "./channels.ts";
import { type Group, groupBy, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * States that the same nodes read, such as the two inputs of a cell, are laid side by side in one tensor: what the edges
 * compute of them is then bundled over both as it is over the edges of one. Costs a copy of the states, and halves the
 * dispatches of everything that is done to them.
 */
export const joinStates: Pass = {
  name: "join-states",
  run(graph) {
    const users = usersOf(graph);
    const states = groupBy(graph, (node, value) => {
      const reading = users.get(value) ?? [];
      if (node.type.layout !== "planes" || node.type.shape[1]! % 4 !== 0) return undefined;
      if (node.op === "relu" || node.op === "concat" || node.op === "channel_slice") return undefined;
      // What only one convolution reads is within an edge.
      if (depthwiseReaders(graph, users, value) < 2) return undefined;
      // A joined state is read through slices of the whole.
      if (reading.some((user) => graph.nodes[user]!.op === "concat")) return undefined;
      const sums = [...sumsReached(graph, users, value)].sort((a, b) => a - b);
      return sums.length > 0 ? `${node.type.shape}/${sums}` : undefined;
    });
    const groups = states.filter(
      (members) =>
        members.length > 1 &&
        4 * members.length * elements(graph.nodes[members[0]!]!.type) <= LARGEST_TENSOR / EXPANSION,
    );
    return regroup(
      graph,
      groups.map((members) => joined(graph, members)),
    );
  },
};

/** How many times as large as the states what is computed of them may at least be, in one tensor. */
const EXPANSION = 8;

/** What an edge may apply to a state before its result is added to others. */
const ALONG: readonly OpName[] = [
  "relu",
  "conv2d",
  "bn_apply",
  "max_pool",
  "avg_pool",
  "strided_slice",
  "concat",
  "scale_samples",
  "weighted_sum",
];

/** The halves of a FactorizedReduce are joined on an edge; any other concatenation is a cell's output. */
const endsCell = ({ nodes }: Graph, value: Value): boolean =>
  nodes[value]!.op === "concat" && nodes[value]!.inputs.some((input) => nodes[input]!.op !== "conv2d");

/** How many depthwise convolutions read a value or its ReLU. */
function depthwiseReaders(graph: Graph, users: ReadonlyMap<Value, readonly Value[]>, value: Value): number {
  return (users.get(value) ?? []).reduce((count, user) => {
    const node = graph.nodes[user]!;
    return count + (node.op === "relu" ? depthwiseReaders(graph, users, user) : isDepthwise(node) ? 1 : 0);
  }, 0);
}

const isDepthwise = ({ op, attrs }: Node): boolean => op === "conv2d" && (attrs as Conv2dAttrs).groups > 1;

/** The sums of edges that a state contributes to directly. */
function sumsReached(graph: Graph, users: ReadonlyMap<Value, readonly Value[]>, state: Value): Set<Value> {
  const sums = new Set<Value>();
  const seen = new Set<Value>();
  const visit = (value: Value) => {
    for (const user of users.get(value) ?? []) {
      if (seen.has(user)) continue;
      seen.add(user);
      const { op } = graph.nodes[user]!;
      if (op === "add") sums.add(user);
      else if (ALONG.includes(op) && !endsCell(graph, user)) visit(user);
    }
  };
  visit(state);
  return sums;
}

function joined(graph: Graph, members: readonly Value[]): Group {
  return {
    members,
    build(g, moved) {
      const states = members.map((member) => {
        const { op, inputs, attrs } = graph.nodes[member]!;
        return g.add(op, inputs.map(moved), attrs);
      });
      const all = g.add("concat", states, {});
      let start = 0;
      return members.map((member) => {
        const count = graph.nodes[member]!.type.shape[1]!;
        start += count;
        return g.add("channel_slice", [all], { start: start - count, count });
      });
    },
  };
}
