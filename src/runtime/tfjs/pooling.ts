import * as tf from "@tensorflow/tfjs-core";
import type { Window2d } from "../../graph/types.ts";
import { padded, placed, sumOf, taken } from "./windows.ts";

// TensorFlow.js's gradient of an average pool divides by the whole window at borders, where the pool divides by the real
// pixels; that of a max pool takes the last of equal pixels. Both are composed here.

type Pair = readonly [number, number];

/** Below every finite number but a few: infinities are not safe in shaders. */
const LOWEST = -3.4e38;

/** Rows and columns of padding that the windows reach. */
function reached(size: Pair, out: Pair, { kernel, stride, padding }: Window2d): Pair {
  const after = (axis: 0 | 1) => (out[axis] - 1) * stride[axis] + kernel[axis] - padding[axis] - size[axis];
  return [after(0), after(1)];
}

/** Offsets of a window in row-major order. */
const tapsOf = ({ kernel: [kh, kw] }: Window2d): Pair[] =>
  Array.from({ length: kh * kw }, (_, tap) => [Math.floor(tap / kw), tap % kw]);

export function largestOf(x: tf.Tensor4D, window: Window2d, out: Pair): tf.Tensor4D {
  const { kernel, stride, padding } = window;
  const [, h, w] = x.shape;
  const wide = padded(x, padding, reached([h, w], out, window), LOWEST);
  return tf.maxPool(wide, [...kernel], [...stride], "valid");
}

export function argmaxOf(x: tf.Tensor4D, window: Window2d, out: Pair): tf.Tensor4D {
  const [, h, w] = x.shape;
  const wide = padded(x, window.padding, reached([h, w], out, window), LOWEST);
  const largest = largestOf(x, window, out);
  let argmax: tf.Tensor = tf.zerosLike(largest);
  // From the last to the first, which then wins.
  for (const [tap, at] of [...tapsOf(window).entries()].reverse()) {
    const found = tf.equal(taken(wide, at, window.stride, out), largest);
    argmax = tf.where(found, tf.scalar(tap), argmax);
  }
  return tf.cast(argmax, "int32") as tf.Tensor4D;
}

/** Gradient by x [H, W] of a max pool. */
export function largestDx(dy: tf.Tensor4D, argmax: tf.Tensor, window: Window2d, size: Pair): tf.Tensor4D {
  const { kernel, stride, padding } = window;
  const wide: Pair = [size[0] + padding[0] + kernel[0], size[1] + padding[1] + kernel[1]];
  const terms = tapsOf(window).map((at, tap) => {
    const own = tf.mul(dy, tf.cast(tf.equal(argmax, tf.scalar(tap, "int32")), "float32")) as tf.Tensor4D;
    return placed(own, at, stride, wide);
  });
  return taken(sumOf(terms) as tf.Tensor4D, padding, [1, 1], size);
}

/** 1 / real pixels in each window, [1, H', W', 1]. */
function shares({ kernel, stride, padding }: Window2d, size: Pair, out: Pair): tf.Tensor4D {
  const real = (axis: 0 | 1) =>
    Array.from({ length: out[axis] }, (_, at) => {
      const first = at * stride[axis] - padding[axis];
      return Math.min(first + kernel[axis], size[axis]) - Math.max(first, 0);
    });
  const columns = real(1);
  const values = real(0).flatMap((rows) => columns.map((count) => 1 / (rows * count)));
  return tf.tensor4d(values, [1, ...out, 1]);
}

/** Sum of each window. */
function windowSums(x: tf.Tensor4D, kernel: Pair, stride: Pair): tf.Tensor4D {
  return tf.mul(tf.avgPool(x, [...kernel], [...stride], "valid"), kernel[0] * kernel[1]);
}

export function meanOf(x: tf.Tensor4D, window: Window2d, out: Pair): tf.Tensor4D {
  const [, h, w] = x.shape;
  const wide = padded(x, window.padding, reached([h, w], out, window));
  return tf.mul(windowSums(wide, window.kernel, window.stride), shares(window, [h, w], out));
}

/** Gradient by x [H, W] of an average pool: every pixel sums what the windows that hold it give each of theirs. */
export function meanDx(dy: tf.Tensor4D, window: Window2d, size: Pair): tf.Tensor4D {
  const { kernel, stride, padding } = window;
  const [, h, w] = dy.shape;
  const given = tf.mul(dy, shares(window, size, [h, w])) as tf.Tensor4D;
  const wide: Pair = [size[0] + kernel[0] - 1, size[1] + kernel[1] - 1];
  const spread = placed(given, [kernel[0] - 1 - padding[0], kernel[1] - 1 - padding[1]], stride, wide);
  return windowSums(spread, kernel, [1, 1]);
}
