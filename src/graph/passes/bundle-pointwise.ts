import type { Conv2dAttrs, Graph, Node, OpAttrs, PointwiseBranch, Value } from "../types.ts";
import { inOrderOfUse } from "./bundle-depthwise.ts";
import { bundles, channelsOf, splitAs } from "./channels.ts";
import { type Group, groupBy, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * All 1x1 convolutions that read one tensor, or parts of it, become one grouped matrix product. Those that read every other
 * pixel (FactorizedReduce) are products over strided pixels; the slices before them vanish.
 */
export const bundlePointwise: Pass = {
  name: "bundle-pointwise",
  run(graph) {
    const users = usersOf(graph);
    const siblings = groupBy(graph, (node) => {
      const branch = pointwiseBranch(graph, node);
      return branch && `${branch.root}/${branch.stride}/${node.type.shape.slice(2)}`;
    });
    const ordered = siblings.map((members) => inOrder(graph, users, members));
    return regroup(
      graph,
      bundles(graph, ordered).map((members) => pointwiseBundle(graph, members)),
    );
  },
};

/** Convolutions on parts of one tensor in the order of the parts, so that the products lie as what they are made of. */
function inOrder(graph: Graph, users: ReadonlyMap<Value, readonly Value[]>, members: readonly Value[]): Value[] {
  const start = (member: Value) => pointwiseBranch(graph, graph.nodes[member]!)!.branch.start;
  const starts = new Set(members.map(start));
  return starts.size === members.length
    ? [...members].sort((a, b) => start(a) - start(b))
    : inOrderOfUse(graph, users, members);
}

/** Whether a node is a 1x1 convolution that no bundle holds yet. */
export const isPointwise = (graph: Graph, node: Node): boolean => pointwiseBranch(graph, node) !== undefined;

interface Found {
  readonly root: Value;
  readonly stride: readonly [number, number];
  readonly branch: PointwiseBranch;
}

/** What a 1x1 convolution reads, looking through slices of channels and pixels; `undefined` for any other node. */
function pointwiseBranch(graph: Graph, node: Node): Found | undefined {
  if (node.op !== "conv2d") return undefined;
  const { groups, stride, padding } = node.attrs as Conv2dAttrs;
  const [outputs = 0, inputs = 0, ...kernel] = graph.nodes[node.inputs[1]!]!.type.shape;
  if (groups !== 1 || kernel.some((size) => size !== 1) || padding.some((size) => size !== 0)) return undefined;
  // Linear layers have weights of two dimensions and a kernel of their own.
  if (kernel.length !== 2) return undefined;
  let offset: readonly [number, number] = [0, 0];
  let total = stride;
  let x = node.inputs[0]!;
  const source = graph.nodes[x]!;
  if (source.op === "strided_slice") {
    const slice = source.attrs as OpAttrs["strided_slice"];
    offset = slice.start;
    total = [slice.stride[0] * stride[0], slice.stride[1] * stride[1]];
    x = source.inputs[0]!;
  }
  const { root, start } = channelsOf(graph, x);
  return { root, stride: total, branch: { start, inputs, outputs, offset } };
}

/** Convolutions as a bundle, in this order. */
export function pointwiseBundle(graph: Graph, ordered: readonly Value[]): Group {
  const nodes = ordered.map((member) => graph.nodes[member] as Node<"conv2d">);
  const found = nodes.map((node) => pointwiseBranch(graph, node)!);
  const [{ root, stride }] = found as [Found];
  const [, , h = 1, w = 1] = nodes[0]!.type.shape;
  const members = [...ordered].sort((a, b) => a - b);
  return {
    members,
    build(g, moved) {
      const wide = g.add("pointwise", [moved(root), ...nodes.map((node) => moved(node.inputs[1]!))], {
        branches: found.map(({ branch }) => branch),
        stride,
        load: { relu: false },
        size: [h, w],
      });
      const slices = splitAs(g, wide, nodes);
      return members.map((member) => slices[ordered.indexOf(member)]!);
    },
  };
}
