import { kernelDims } from "./kernel-dims.ts";
import { elements, type Graph, type Node, type OpAttrs, type TensorType } from "./types.ts";

/**
 * Multiplications plus additions of a convolution with the result `y`, and of either of its gradients: for every element
 * of y, one product and one sum for each weight it is made of. Taps that fall on padding count too.
 *
 * @param perElement weights an element of y is made of: input channels of its group times taps
 */
export const convolutionFlops = (y: TensorType, perElement: number): number => 2 * elements(y) * perElement;

/** Multiplications plus additions of a node, if it is a convolution or a gradient of one; all other nodes count as nothing. */
function nodeFlops(graph: Graph, node: Node): number {
  const input = (index: number) => graph.nodes[node.inputs[index]!]!.type;
  switch (node.op) {
    case "conv2d":
      return convolutionFlops(node.type, weightsOf(input(1).shape));
    case "conv2d_dx":
      return convolutionFlops(input(0), weightsOf(input(1).shape));
    case "conv2d_dw":
      return convolutionFlops(input(1), weightsOf((node.attrs as OpAttrs["conv2d_dw"]).shape));
    default:
      return 0;
  }
}

function weightsOf(shape: readonly number[]): number {
  const [, inputs, kh, kw] = kernelDims(shape);
  return inputs * kh * kw;
}

/** Multiplications plus additions of all convolutions (linear layers among them) of a graph and their gradients. */
export function graphFlops(graph: Graph): number {
  return graph.nodes.reduce((sum, node) => sum + nodeFlops(graph, node), 0);
}
