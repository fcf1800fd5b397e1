import type { Graph, Node, OpAttrs, Value } from "./types.ts";

/** A module and how many channels it has of what a bundle computes. */
export interface Member {
  readonly module: string;
  readonly channels: number;
}

/** The modules whose results lie one after another along the channels of a bundle's; none for what is no bundle. */
export function membersOf(graph: Graph, node: Node): Member[] {
  const channels = channelsOf(graph, node);
  const weights = node.inputs.slice(node.inputs.length - channels.length);
  return channels.map((count, index) => ({ module: moduleOf(graph, weights[index]!), channels: count }));
}

function channelsOf(graph: Graph, node: Node): number[] {
  switch (node.op) {
    case "depthwise":
      return (node.attrs as OpAttrs["depthwise"]).branches.map(({ channels }) => channels);
    case "pointwise":
      return (node.attrs as OpAttrs["pointwise"]).branches.map(({ outputs }) => outputs);
    case "dense":
      return node.inputs.slice(1).map((weight) => graph.nodes[weight]!.type.shape[0]!);
    default:
      return [];
  }
}

/** The module that a convolution's weight belongs to. */
function moduleOf(graph: Graph, weight: Value): string {
  const { op, attrs, scope } = graph.nodes[weight]!;
  return op === "param" ? (attrs as OpAttrs["param"]).name.replace(/\.weight$/, "") : scope;
}
