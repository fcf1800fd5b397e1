import type { DepthwiseBranch, Graph, Load, Node, OpAttrs, PointwiseBranch, Value } from "../types.ts";
import { channelsOf, columnsOf } from "./channels.ts";
import { type Group, regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";
import { transientNorms } from "./transient.ts";

/**
 * Bundles apply the ReLU before them, and a batch norm before that, while they load: neither result is ever stored. Their
 * gradients then come from the gradients of the bundle, which compute what was not stored again.
 *
 * A batch norm whose result must be stored for someone else stays as it is, and only the ReLU is folded.
 */
export const foldLoads: Pass = {
  name: "fold-loads",
  run(graph) {
    const vanishes = transientNorms(graph);
    const groups = graph.nodes.flatMap((node, index) => {
      const source = isBundle(node) ? sourceOf(graph, node, vanishes) : undefined;
      return source ? [folded(node as Bundle, index as Value, source)] : [];
    });
    return regroup(graph, groups);
  },
};

type Bundle = Node<"depthwise"> | Node<"pointwise">;

const isBundle = (node: Node): node is Bundle => node.op === "depthwise" || node.op === "pointwise";

/** What a bundle reads instead, and what it does to it. */
interface Source {
  readonly x: Value;
  /** Stats, gamma, beta. */
  readonly inputs: readonly Value[];
  readonly load: Load;
  /** To be added to the start of every branch. */
  readonly shift: number;
}

function sourceOf(graph: Graph, node: Bundle, vanishes: (value: Value) => boolean): Source | undefined {
  if (node.attrs.load.relu) return undefined;
  const outer = channelsOf(graph, node.inputs[0]!);
  const relu = graph.nodes[outer.root]!;
  if (relu.op !== "relu") return undefined;
  const inner = channelsOf(graph, relu.inputs[0]!);
  const norm = graph.nodes[inner.root]!;
  const plain = { x: inner.root, inputs: [], load: { relu: true }, shift: outer.start + inner.start };
  if (norm.op !== "bn_apply" || !vanishes(inner.root)) return plain;
  const { affine, batch } = norm.attrs as OpAttrs["bn_apply"];
  const [z, stats, ...scale] = norm.inputs as [Value, Value, ...Value[]];
  const place = channelsOf(graph, z);
  const column = columnsOf(graph, stats);
  const whole = graph.nodes[place.root]!.type.shape[1] === graph.nodes[column.root]!.type.shape[1];
  if (column.start !== place.start || !whole) return plain;
  const shift = outer.start + inner.start + place.start;
  // Gamma and beta belong to all channels of the batch norm: the bundle must read exactly these.
  if (affine && !readsAll(node, norm.type.shape[1]!)) return plain;
  return { x: place.root, inputs: [column.root, ...scale], load: { relu: true, norm: { affine, batch } }, shift };
}

const countOf = (branch: DepthwiseBranch | PointwiseBranch) => ("channels" in branch ? branch.channels : branch.inputs);

function readsAll(node: Bundle, channels: number): boolean {
  const branches: readonly (DepthwiseBranch | PointwiseBranch)[] = node.attrs.branches;
  return (
    Math.min(...branches.map(({ start }) => start)) === 0 &&
    Math.max(...branches.map((branch) => branch.start + countOf(branch))) === channels
  );
}

function folded(node: Bundle, value: Value, { x, inputs, load, shift }: Source): Group {
  const shifted = <B extends { readonly start: number }>(branches: readonly B[]): B[] =>
    branches.map((branch) => ({ ...branch, start: branch.start + shift }));
  return {
    members: [value],
    build(g, moved) {
      const reads = [x, ...inputs, ...node.inputs.slice(1)].map(moved);
      if (node.op === "depthwise") {
        const { attrs } = node as Node<"depthwise">;
        return [g.add("depthwise", reads, { ...attrs, load, branches: shifted(attrs.branches) })];
      }
      const { attrs } = node as Node<"pointwise">;
      return [g.add("pointwise", reads, { ...attrs, load, branches: shifted(attrs.branches) })];
    },
  };
}
