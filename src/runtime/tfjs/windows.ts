import * as tf from "@tensorflow/tfjs-core";

/** Vertical, horizontal. */
type Pair = readonly [number, number];

/** Rows and columns of `value` before and after those of x [N,H,W,C]; negative numbers crop. */
export function padded(x: tf.Tensor4D, before: Pair, after: Pair, value = 0): tf.Tensor4D {
  const crop = (side: number) => Math.max(0, -side);
  const grow = (side: number) => Math.max(0, side);
  const [n, h, w, c] = x.shape;
  let result = x;
  if ([...before, ...after].some((side) => side < 0)) {
    const [top, left] = [crop(before[0]), crop(before[1])];
    const size: [number, number] = [h - top - crop(after[0]), w - left - crop(after[1])];
    result = tf.slice4d(result, [0, top, left, 0], [n, ...size, c]);
  }
  if ([...before, ...after].every((side) => side <= 0)) return result;
  const rows: [number, number] = [grow(before[0]), grow(after[0])];
  const columns: [number, number] = [grow(before[1]), grow(after[1])];
  return tf.pad4d(result, [[0, 0], rows, columns, [0, 0]], value);
}

/** x with `step - 1` zeros between neighbours along an axis. In rank 3, the highest that WebGL pads generally. */
export function spreadAxis<T extends tf.Tensor>(x: T, axis: number, step: number): T {
  const size = x.shape[axis]!;
  if (step === 1 || size === 1) return x;
  const outer = x.shape.slice(0, axis + 1).reduce((product, length) => product * length, 1);
  const inner = x.size / outer;
  const wide = tf.pad3d(tf.reshape(x, [outer, 1, inner]), [
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  const shape = [...x.shape];
  shape[axis] = size * step;
  const end = [...shape];
  end[axis] = (size - 1) * step + 1;
  return tf.slice(tf.reshape(wide, shape), shape.fill(0), end) as tf.Tensor as T;
}

/** Pixels start, start + stride, … of x [N,H,W,C]: `size` of them. */
export function taken(x: tf.Tensor4D, start: Pair, stride: Pair, size: Pair): tf.Tensor4D {
  const [n, , , c] = x.shape;
  const last = (axis: 0 | 1) => start[axis] + (size[axis] - 1) * stride[axis] + 1;
  if (stride[0] === 1 && stride[1] === 1) return tf.slice4d(x, [0, ...start, 0], [n, ...size, c]);
  return tf.stridedSlice(x, [0, ...start, 0], [n, last(0), last(1), c], [1, ...stride, 1]) as tf.Tensor4D;
}

/** The inverse of `taken`: pixels of x at start, start + stride, … of an image of `size`; those beyond it are lost. */
export function placed(x: tf.Tensor4D, start: Pair, stride: Pair, size: Pair): tf.Tensor4D {
  const wide = spreadAxis(spreadAxis(x, 1, stride[0]), 2, stride[1]);
  const after = (axis: 0 | 1) => size[axis] - start[axis] - wide.shape[axis + 1]!;
  return padded(wide, start, [after(0), after(1)]);
}

/** Channels start … start + count - 1 of x [N,H,W,C]. */
export function channelsOf(x: tf.Tensor4D, start: number, count: number): tf.Tensor4D {
  const [n, h, w, c] = x.shape;
  return count === c ? x : tf.slice4d(x, [0, 0, 0, start], [n, h, w, count]);
}

/** x as channels from `start` on among `channels`, zero elsewhere. */
export function amongChannels(x: tf.Tensor4D, start: number, channels: number): tf.Tensor4D {
  const after = channels - start - x.shape[3];
  if (start === 0 && after === 0) return x;
  return tf.pad4d(x, [
    [0, 0],
    [0, 0],
    [0, 0],
    [start, after],
  ]);
}

/** Sum of tensors that are alike. */
export const sumOf = (tensors: readonly tf.Tensor[]): tf.Tensor =>
  tensors.length === 1 ? tensors[0]! : tf.addN([...tensors]);
