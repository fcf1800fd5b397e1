import type { Conv2dAttrs, Graph, Node, OpName, Value } from "../types.ts";
import { usersOf } from "./regroup.ts";

/** Nodes that read each value, looking through slices of channels. */
export function readersOf(graph: Graph): Map<Value, Value[]> {
  const users = usersOf(graph);
  const readers = (value: Value): Value[] =>
    (users.get(value) ?? []).flatMap((user) => (graph.nodes[user]!.op === "channel_slice" ? readers(user) : [user]));
  return new Map(graph.nodes.map((_, index) => [index as Value, readers(index as Value)]));
}

const SUMS: readonly OpName[] = ["add", "weighted_sum", "mix"];

/**
 * Tells whether a batch norm's result need not be stored, because all that read it take the batch norm in: sums, and ReLUs
 * that only convolutions with a folded load read.
 */
export function transientNorms(graph: Graph): (value: Value) => boolean {
  const readers = readersOf(graph);
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  return (value) =>
    !outputs.has(value) &&
    readers.get(value)!.every((reader) => {
      const { op } = graph.nodes[reader]!;
      if (op !== "relu") return SUMS.includes(op);
      return !outputs.has(reader) && readers.get(reader)!.every((conv) => folds(graph, graph.nodes[conv]!));
    });
}

/** Whether a node is a bundle or will be one. */
function folds(graph: Graph, node: Node): boolean {
  if (node.op === "strided_slice") return true;
  if (node.op !== "conv2d") return node.op === "depthwise" || node.op === "pointwise";
  const { groups, padding } = node.attrs as Conv2dAttrs;
  const [, , kh, kw] = graph.nodes[node.inputs[1]!]!.type.shape;
  return groups > 1 || (kh === 1 && kw === 1 && padding[0] === 0 && padding[1] === 0);
}
