import type { Conv2dAttrs, Graph, Node, OpAttrs, OpName, Value } from "../types.ts";
import { bundles, channelsOf, splitAs } from "./channels.ts";
import { type Group, groupBy, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * All depthwise convolutions on one state become one op, whatever their kernels and dilations, if their results have the
 * same size. It writes one wide tensor, branch after branch along the channels.
 */
export const bundleDepthwise: Pass = {
  name: "bundle-depthwise",
  run(graph) {
    const users = usersOf(graph);
    const siblings = groupBy(graph, (node) => {
      if (!isDepthwise(graph, node)) return undefined;
      const { root } = channelsOf(graph, node.inputs[0]!);
      const { stride } = node.attrs as Conv2dAttrs;
      return `${root}/${stride}/${node.type.shape.slice(2)}`;
    });
    const ordered = siblings.map((members) => inOrderOfUse(graph, users, members));
    return regroup(
      graph,
      bundles(graph, ordered).map((members) => depthwiseBundle(graph, members)),
    );
  },
};

/** A depthwise convolution that no bundle holds yet. */
export function isDepthwise(graph: Graph, node: Node): node is Node<"conv2d"> {
  if (node.op !== "conv2d") return false;
  const channels = graph.nodes[node.inputs[0]!]!.type.shape[1]!;
  return channels > 1 && (node.attrs as Conv2dAttrs).groups === channels;
}

/** Convolutions as a bundle, in this order. */
export function depthwiseBundle(graph: Graph, ordered: readonly Value[]): Group {
  const nodes = ordered.map((member) => graph.nodes[member] as Node<"conv2d">);
  const attrs: OpAttrs["depthwise"] = {
    branches: nodes.map((node) => {
      const { start, count } = channelsOf(graph, node.inputs[0]!);
      const [, , kh = 1, kw = 1] = graph.nodes[node.inputs[1]!]!.type.shape;
      const { padding, dilation } = node.attrs;
      return { start, channels: count, kernel: [kh, kw], padding, dilation };
    }),
    stride: nodes[0]!.attrs.stride,
    load: { relu: false },
  };
  const members = [...ordered].sort((a, b) => a - b);
  return {
    members,
    build(g, moved) {
      const { root } = channelsOf(graph, nodes[0]!.inputs[0]!);
      const wide = g.add("depthwise", [moved(root), ...nodes.map((node) => moved(node.inputs[1]!))], attrs);
      const slices = splitAs(g, wide, nodes);
      return members.map((member) => slices[ordered.indexOf(member)]!);
    },
  };
}

/**
 * Siblings whose results go the same way lie side by side, so that what follows can be joined as well: for instance the
 * separable convolutions, which go on to a second depthwise convolution, apart from the dilated ones, which end here.
 */
export function inOrderOfUse(
  graph: Graph,
  users: ReadonlyMap<Value, readonly Value[]>,
  members: readonly Value[],
): Value[] {
  const fates = new Map(members.map((member) => [member, fate(graph, users, member)]));
  const seen = [...new Set(fates.values())];
  return [...members].sort((a, b) => seen.indexOf(fates.get(a)!) - seen.indexOf(fates.get(b)!) || a - b);
}

/** Steps to look ahead: from a depthwise convolution over its pointwise one, batch norm and ReLU to the next. */
const HORIZON = 6;

/** The ops through which a value goes on, up to the first that joins it with others. */
function fate(graph: Graph, users: ReadonlyMap<Value, readonly Value[]>, value: Value): string {
  const path: OpName[] = [];
  let current: Value | undefined = value;
  while (current !== undefined && path.length < HORIZON) {
    const next: Value | undefined = users.get(current)?.find((user) => {
      const { op } = graph.nodes[user]!;
      return op !== "bn_stats" && op !== "bn_update";
    });
    if (next === undefined) break;
    path.push(graph.nodes[next]!.op);
    current = graph.nodes[next]!.type.layout === "planes" && graph.nodes[next]!.inputs.length <= 4 ? next : undefined;
  }
  return path.join();
}
