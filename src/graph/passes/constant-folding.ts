import type { GraphBuilder } from "../builder.ts";
import { sameType } from "../ops/check.ts";
import type { Node, OpAttrs, OpName, TensorType, Value } from "../types.ts";
import { type Candidate, type Pass, rewrite } from "./rewrite.ts";

/**
 * Evaluates what is known when the graph is built: constants (`fill`), identities and zeros.
 *
 * The candidate `none` of an edge is an exact zero, as are the gradients that reach it; both vanish from sums here. A zero
 * times a number that is not finite counts as zero.
 *
 * Runs after differentiation: it drops `stop_gradient` and `stop_forward`, which mean something to gradients only.
 */
export const constantFolding: Pass = {
  name: "constant-folding",
  run: (graph) =>
    rewrite(graph, (candidate) => foldIdentity(candidate) ?? foldSum(candidate) ?? foldConstant(candidate)),
};

/** Ops that turn a tensor of equal numbers into another one; the new number by the old one. */
const CONSTANT: { readonly [K in OpName]?: (value: number, attrs: OpAttrs[K]) => number } = {
  scale: (value, { factor }) => factor * value,
  expand: (value, { factor }) => factor * value,
  relu: (value) => Math.max(value, 0),
  mean: (value) => value,
  row: (value) => value,
  max_pool: (value) => value,
  avg_pool: (value) => value,
  global_avg_pool: (value) => value,
  global_avg_pool_dx: (value, { shape }) => value / (shape[2]! * shape[3]!),
  channel_slice: (value) => value,
  strided_slice: (value) => value,
  flatten: (value) => value,
  unflatten: (value) => value,
};

/** Ops whose result is zero as soon as one of these inputs is. */
const ZERO: { readonly [K in OpName]?: readonly number[] } = {
  conv2d: [0, 1],
  conv2d_dx: [0, 1],
  conv2d_dw: [0, 1],
  channel_sum: [0],
  bn_sums: [0],
  relu_dx: [0],
  relu6_dx: [0],
  dropout: [0],
  shake_dx: [0],
  max_pool_dx: [0],
  avg_pool_dx: [0],
  strided_slice_dx: [0],
  weighted_sum: [0],
  weighted_sum_dw: [0],
  sample_dots: [0],
  scale_by: [0, 1],
  scale_samples: [0, 1],
  softmax_dx: [1],
  gumbel_softmax_dx: [0],
  normalize_dx: [1],
  cross_entropy_dx: [2],
  abs_sum: [0],
  abs_sum_dx: [0, 1],
};

/** The number that a value consists of, if that is known. */
function constantOf(g: GraphBuilder, value: Value): number | undefined {
  const node = g.node(value);
  return node.op === "fill" ? (node.attrs as OpAttrs["fill"]).value : undefined;
}

const isZero = (g: GraphBuilder, value: Value) => constantOf(g, value) === 0;
const fill = (g: GraphBuilder, type: TensorType, value: number) => g.add("fill", [], { type, value });

/** Ops that return their input as it is. */
function foldIdentity({ g, node, inputs }: Candidate): Value | undefined {
  const [x] = inputs;
  if (x === undefined) return undefined;
  switch (node.op) {
    case "stop_gradient":
      return x;
    case "scale":
      return (node.attrs as OpAttrs["scale"]).factor === 1 ? x : undefined;
    case "concat":
      return inputs.length === 1 ? x : undefined;
    case "channel_slice":
    case "strided_slice":
      // A slice of the same size can only be the whole.
      return sameType(node.type, g.type(x)) ? x : undefined;
    case "flatten":
    case "unflatten":
      return sameType(node.type, g.type(x)) ? x : undoFlatten(g, node, x);
    default:
      return undefined;
  }
}

/** unflatten(flatten(x)) and flatten(unflatten(x)) are x. */
function undoFlatten(g: GraphBuilder, node: Node, x: Value): Value | undefined {
  const inner = g.node(x);
  if (inner.op !== (node.op === "flatten" ? "unflatten" : "flatten")) return undefined;
  const original = inner.inputs[0]!;
  return sameType(node.type, g.type(original)) ? original : undefined;
}

/** Zeros among the terms of a sum. */
function foldSum({ g, node, inputs }: Candidate): Value | undefined {
  switch (node.op) {
    case "add": {
      const rest = inputs.filter((input) => !isZero(g, input));
      if (rest.length === 0) return fill(g, node.type, 0);
      if (rest.length === 1) return rest[0];
      return rest.length < inputs.length ? g.add("add", rest, {}) : undefined;
    }
    case "weighted_sum":
    case "weighted_sum_dw": {
      const [first, ...terms] = inputs as [Value, ...Value[]];
      const attrs = node.attrs as OpAttrs["weighted_sum" | "weighted_sum_dw"];
      const kept = terms.flatMap((term, index) => (isZero(g, term) ? [] : [index]));
      if (kept.length === 0) return fill(g, node.type, 0);
      if (kept.length === terms.length) return undefined;
      const indices = kept.map((index) => attrs.indices[index]!);
      return g.add(node.op, [first, ...kept.map((index) => terms[index]!)], { ...attrs, indices });
    }
    default:
      return undefined;
  }
}

function foldConstant({ g, node, inputs }: Candidate): Value | undefined {
  if (node.op === "stop_forward") return fill(g, node.type, 0);
  if (node.op === "scale" && (node.attrs as OpAttrs["scale"]).factor === 0) return fill(g, node.type, 0);
  if (ZERO[node.op]?.some((index) => isZero(g, inputs[index]!))) return fill(g, node.type, 0);
  if (node.op === "bn_dx") return foldBatchNormGradient(g, node, inputs);
  const constants = inputs.map((input) => constantOf(g, input));
  const [first] = constants;
  if (first === undefined) return undefined;
  if (node.op === "concat") return constants.every((value) => value === first) ? fill(g, node.type, first) : undefined;
  const map = CONSTANT[node.op] as ((value: number, attrs: Node["attrs"]) => number) | undefined;
  return map && fill(g, node.type, map(first, node.attrs));
}

/** The part that runs through batch statistics comes from `sums`: both must be zero. */
function foldBatchNormGradient(g: GraphBuilder, node: Node, inputs: readonly Value[]): Value | undefined {
  const [dy, , , sums] = inputs as [Value, Value, Value, Value];
  const { batch } = node.attrs as OpAttrs["bn_dx"];
  return isZero(g, dy) && (!batch || isZero(g, sums)) ? fill(g, node.type, 0) : undefined;
}
