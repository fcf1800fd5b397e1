import type { GraphBuilder } from "../builder.ts";
import { elements, type Graph, type Node, type OpAttrs, type Value } from "../types.ts";

/** Bytes of the largest tensor that every device can bind: WebGPU's default `maxStorageBufferBindingSize`. */
export const LARGEST_TENSOR = 128 * 2 ** 20;

/** Channels (or columns of statistics) of a wider tensor. */
export interface Channels {
  readonly root: Value;
  readonly start: number;
  readonly count: number;
}

/** Where the channels of an activation lie, looking through slices. */
export function channelsOf({ nodes }: Pick<Graph, "nodes">, value: Value): Channels {
  const node = nodes[value]!;
  if (node.op !== "channel_slice") return { root: value, start: 0, count: node.type.shape[1]! };
  const { start, count } = node.attrs as OpAttrs["channel_slice"];
  const outer = channelsOf({ nodes }, node.inputs[0]!);
  return { root: outer.root, start: outer.start + start, count };
}

/** Where the columns of statistics lie, looking through `columns`. */
export function columnsOf({ nodes }: Pick<Graph, "nodes">, value: Value): Channels {
  const node = nodes[value]!;
  if (node.op !== "columns") return { root: value, start: 0, count: node.type.shape[1]! };
  const { start, count } = node.attrs as OpAttrs["columns"];
  const outer = columnsOf({ nodes }, node.inputs[0]!);
  return { root: outer.root, start: outer.start + start, count };
}

/** Channels of `x` as a value: `x` itself if they are all of them. */
export function sliceChannels(g: GraphBuilder, x: Value, start: number, count: number): Value {
  return g.type(x).shape[1] === count ? x : g.add("channel_slice", [x], { start, count });
}

/** Columns of `x` as a value: `x` itself if they are all of them. */
export function sliceColumns(g: GraphBuilder, x: Value, start: number, count: number): Value {
  return g.type(x).shape[1] === count ? x : g.add("columns", [x], { start, count });
}

/** One slice after another of `wide`, with these numbers of channels. */
export function split(g: GraphBuilder, wide: Value, counts: readonly number[]): Value[] {
  let start = 0;
  return counts.map((count) => {
    start += count;
    return sliceChannels(g, wide, start - count, count);
  });
}

/** The results of nodes that became one, as slices of its result `wide`. */
export function splitAs(g: GraphBuilder, wide: Value, nodes: readonly Node[]): Value[] {
  return split(
    g,
    wide,
    nodes.map(({ type }) => type.shape[1]!),
  );
}

/** Siblings, in this order, that can lie in one tensor: two at least, none of which ends within a quad before another. */
export function bundles(graph: Pick<Graph, "nodes">, siblings: readonly (readonly Value[])[]): Value[][] {
  return siblings
    .flatMap((members) => bindable(graph, members))
    .filter((members) => members.length > 1 && adjoin(members.map((member) => graph.nodes[member]!.type.shape[1]!)));
}

/** Values in runs whose results, one after another, are tensors that every device can bind. */
function bindable({ nodes }: Pick<Graph, "nodes">, members: readonly Value[]): Value[][] {
  const runs: Value[][] = [];
  let bytes = 0;
  for (const member of members) {
    const own = 4 * elements(nodes[member]!.type);
    if (runs.length === 0 || bytes + own > LARGEST_TENSOR) {
      runs.push([]);
      bytes = 0;
    }
    runs.at(-1)!.push(member);
    bytes += own;
  }
  return runs;
}

/**
 * Whether tensors of these channel counts may lie one after another: each must fill whole quads, since storage is planes of
 * four channels. The last one may end within a quad.
 */
const adjoin = (counts: readonly number[]): boolean => counts.slice(0, -1).every((count) => count % 4 === 0);
