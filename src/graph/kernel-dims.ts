import { listText, requireShape } from "./ops/def.ts";

/**
 * [O, I, kh, kw] of a convolution weight; a matrix [O, I] (a linear layer's weight) is a 1x1 kernel.
 * @throws SupernetError("graph") for any other rank
 */
export function kernelDims(shape: readonly number[]): [number, number, number, number] {
  requireShape(
    shape.length === 4 || shape.length === 2,
    `a weight has the shape [O, C / groups, kh, kw] or [O, C], not ${listText(shape)}`,
  );
  return [shape[0]!, shape[1]!, shape[2] ?? 1, shape[3] ?? 1];
}
