import { kernelDims } from "./kernel-dims.ts";
import {
  type DepthwiseAttrs,
  dims4,
  elements,
  type Graph,
  type Node,
  type OpAttrs,
  type PointwiseAttrs,
  type TensorType,
} from "./types.ts";

/**
 * Multiplications plus additions of a convolution with the result `y`, and of either of its gradients: for every element
 * of y, one product and one sum for each weight it is made of. Taps that fall on padding count too.
 *
 * @param perElement weights an element of y is made of: input channels of its group times taps
 */
export const convolutionFlops = (y: TensorType, perElement: number): number => 2 * elements(y) * perElement;

/**
 * Multiplications plus additions of a node, if it is a convolution, a bundle of them or a gradient of one; all other nodes
 * count as nothing.
 *
 * @param inputs types of its inputs
 */
export function nodeFlops({ op, attrs, type }: Node, inputs: readonly TensorType[]): number {
  switch (op) {
    case "conv2d":
    case "dense":
      return convolutionFlops(type, weightsOf(inputs[1]!.shape));
    case "conv2d_dx":
    case "dense_dx":
      return convolutionFlops(inputs[0]!, weightsOf(inputs[1]!.shape));
    case "conv2d_dw":
      return convolutionFlops(inputs[1]!, weightsOf((attrs as OpAttrs["conv2d_dw"]).shape));
    case "dense_dw":
      return convolutionFlops(inputs[1]!, weightsOf((attrs as OpAttrs["dense_dw"]).shapes[0]!));
    case "depthwise":
      return depthwiseFlops(type, attrs as DepthwiseAttrs);
    case "depthwise_dx":
      return depthwiseFlops(inputs[0]!, attrs as DepthwiseAttrs);
    case "depthwise_dw":
      return depthwiseFlops(inputs.at(-1)!, attrs as DepthwiseAttrs);
    case "pointwise":
      return pointwiseFlops(type, attrs as PointwiseAttrs);
    case "pointwise_dx":
      return pointwiseFlops(inputs[0]!, attrs as PointwiseAttrs);
    case "pointwise_dw":
      return pointwiseFlops(inputs.at(-1)!, attrs as PointwiseAttrs);
    default:
      return 0;
  }
}

function weightsOf(shape: readonly number[]): number {
  const [, inputs, kh, kw] = kernelDims(shape);
  return inputs * kh * kw;
}

/** @param y the bundle's result, or the gradient by it */
function depthwiseFlops(y: TensorType, { branches }: DepthwiseAttrs): number {
  const weights = branches.map(({ channels, kernel: [kh, kw] }) => channels * kh * kw);
  return bundleFlops(y, weights);
}

/** @param y the bundle's result, or the gradient by it */
function pointwiseFlops(y: TensorType, { branches }: PointwiseAttrs): number {
  const weights = branches.map(({ inputs, outputs }) => inputs * outputs);
  return bundleFlops(y, weights);
}

/** Every pixel of every image of `y` takes each weight once. */
function bundleFlops(y: TensorType, weights: readonly number[]): number {
  const [n, , h, w] = dims4(y);
  return 2 * n * h * w * weights.reduce((sum, count) => sum + count, 0);
}

/** Multiplications plus additions of all convolutions (linear layers among them) of a graph and their gradients. */
export function graphFlops({ nodes }: Graph): number {
  const type = (value: number) => nodes[value]!.type;
  return nodes.reduce((sum, node) => sum + nodeFlops(node, node.inputs.map(type)), 0);
}
