import type { GraphBuilder } from "../builder.ts";
import type { Graph, Node, OpAttrs, Value } from "../types.ts";
import { type Channels, channelsOf, columnsOf, sliceChannels, sliceColumns } from "./channels.ts";
import { type Group, groupBy, regroup } from "./regroup.ts";
import { type Pass, rewrite } from "./rewrite.ts";
import { transientNorms } from "./transient.ts";

/**
 * Joins what is computed channel by channel on neighbouring slices of one wide tensor: batch statistics, batch norms without
 * scale and shift, ReLUs, pools. A concatenation of neighbouring slices is the larger slice.
 */
export const widenChannels: Pass = {
  name: "widen-channels",
  run(graph) {
    let result = joinSlices(graph);
    for (const op of WIDENED) result = widen(result, op);
    return result;
  },
};

/** Ops that treat every channel by itself, whatever the other ones hold. */
const WIDENED = ["bn_stats", "bn_apply", "relu", "max_pool", "avg_pool"] as const;
type Widened = (typeof WIDENED)[number];

/** concat(x[0:8], x[8:24]) is x[0:24]. */
function joinSlices(graph: Graph): Graph {
  return rewrite(graph, ({ g, node, inputs }) => {
    if (node.op !== "concat") return undefined;
    // The new graph so far; what it holds of slices is what the old one holds.
    const built = { nodes: inputs.length > 0 ? nodesOf(g, inputs) : [] };
    const parts = inputs.map((input) => channelsOf(built, input));
    const [first] = parts as [Channels];
    let end = first.start;
    for (const { root, start, count } of parts) {
      if (root !== first.root || start !== end) return undefined;
      end += count;
    }
    return sliceChannels(g, first.root, first.start, end - first.start);
  });
}

/** Only what `channelsOf` looks at: the values and the slices they come from. */
function nodesOf(g: GraphBuilder, values: readonly Value[]): Node[] {
  const nodes: Node[] = [];
  const visit = (value: Value) => {
    const node = g.node(value);
    nodes[value] = node;
    if (node.op === "channel_slice") visit(node.inputs[0]!);
  };
  for (const value of values) visit(value);
  return nodes;
}

function widen(graph: Graph, op: Widened): Graph {
  const transient = transientNorms(graph);
  const siblings = groupBy(graph, (node, value) => {
    if (node.op !== op) return undefined;
    const { root } = channelsOf(graph, node.inputs[0]!);
    if (op !== "bn_apply") return `${root}/${JSON.stringify(node.attrs)}`;
    const { affine, batch } = node.attrs as OpAttrs["bn_apply"];
    const place = channelsOf(graph, node.inputs[0]!);
    const stats = columnsOf(graph, node.inputs[1]!);
    // Scale and shift are parameters of each batch norm: they do not lie side by side. And what is stored anyway (a state) is
    // better stored by itself than as a slice that others must cut out.
    return affine || !transient(value) ? undefined : `${root}/${stats.root}/${stats.start - place.start}/${batch}`;
  });
  const groups = siblings.flatMap((members) => runs(graph, members)).filter((members) => members.length > 1);
  return regroup(
    graph,
    groups.map((members) => widened(graph, op, members)),
  );
}

/** Maximal sequences of members whose channels touch, starting and meeting at whole quads. */
function runs(graph: Graph, members: readonly Value[]): Value[][] {
  const place = (member: Value) => channelsOf(graph, graph.nodes[member]!.inputs[0]!);
  const sorted = [...members].sort((a, b) => place(a).start - place(b).start);
  const result: Value[][] = [];
  for (const member of sorted) {
    const { start } = place(member);
    const open = result.at(-1);
    const last = open?.at(-1);
    const end = last === undefined ? -1 : place(last).start + place(last).count;
    if (open && end === start && start % 4 === 0) open.push(member);
    else result.push([member]);
  }
  return result;
}

function widened(graph: Graph, op: Widened, run: readonly Value[]): Group {
  const places = run.map((member) => channelsOf(graph, graph.nodes[member]!.inputs[0]!));
  const { root, start } = places[0]!;
  const count = places.reduce((sum, place) => sum + place.count, 0);
  const first = graph.nodes[run[0]!]!;
  const members = [...run].sort((a, b) => a - b);
  return {
    members,
    build(g, moved) {
      const x = sliceChannels(g, moved(root), start, count);
      const inputs = [x];
      if (op === "bn_apply") {
        const stats = columnsOf(graph, first.inputs[1]!);
        inputs.push(sliceColumns(g, moved(stats.root), stats.start, count));
      }
      const wide = g.add(op, inputs, first.attrs as OpAttrs[Widened] as never);
      const part = op === "bn_stats" ? sliceColumns : sliceChannels;
      return members.map((member) => {
        const place = places[run.indexOf(member)]!;
        return part(g, wide, place.start - start, place.count);
      });
    },
  };
}
