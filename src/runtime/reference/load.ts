import type { ReadRange } from "../../graph/ops/load.ts";
import type { Load } from "../../graph/types.ts";
import { at4, forEach4 } from "./def.ts";

/**
 * What a bundle's load makes of x before its ReLU: bn(x) or x itself, on the channels of x that the bundle reads.
 *
 * @param inputs x [N,C,H,W], then the load's inputs
 * @param shape x's
 * @returns as large as x, zero on channels beyond the range
 */
export function normalised(
  inputs: readonly Float64Array[],
  shape: readonly number[],
  load: Load,
  range: ReadRange,
): Float64Array {
  const [x, stats, gamma, beta] = inputs as [Float64Array, Float64Array, Float64Array?, Float64Array?];
  const out = new Float64Array(x.length);
  const channels = shape[1]!;
  forEach4(shape, (_n, c, _y, _x, i) => {
    if (c < range.start || c >= range.end) return;
    if (!load.norm) {
      out[i] = x[i]!;
      return;
    }
    const own = c - range.start;
    const normal = (x[i]! - stats[c]!) * stats[channels + c]!;
    out[i] = load.norm.affine ? normal * gamma![own]! + beta![own]! : normal;
  });
  return out;
}

/** What a bundle's branches see: `normalised`, after the ReLU if there is one. */
export function loaded(
  inputs: readonly Float64Array[],
  shape: readonly number[],
  load: Load,
  range: ReadRange,
): Float64Array {
  const values = normalised(inputs, shape, load, range);
  return load.relu ? values.map((value) => Math.max(value, 0)) : values;
}

/**
 * From the gradient by what the branches see (as large as x) to the gradient by what the ReLU was applied to, on the channels
 * of the range only: zero where that is not positive.
 *
 * @param inputs x and the load's inputs; not read without a ReLU
 * @param out [N, channels of the range, H, W]
 */
export function masked(
  gradient: Float64Array,
  inputs: readonly Float64Array[],
  shape: readonly number[],
  load: Load,
  range: ReadRange,
  out: Float64Array,
): void {
  const [n, , h, w] = shape as [number, number, number, number];
  const values = load.relu ? normalised(inputs, shape, load, range) : undefined;
  forEach4([n, range.end - range.start, h, w], (image, c, y, x, i) => {
    const from = at4(shape, image, range.start + c, y, x);
    if (!values || values[from]! > 0) out[i] = gradient[from]!;
  });
}
