import * as tf from "@tensorflow/tfjs-core";
import { kernelDims } from "../../graph/kernel-dims.ts";
import type { Conv2dAttrs } from "../../graph/types.ts";
import { padded, placed, spreadAxis, taken } from "./windows.ts";

// A convolution and both its gradients by the forward kernels alone. TensorFlow.js has no gradient of a dilated depthwise
// convolution, and no convolution that is strided and dilated at once; a kernel with zeros between its taps is one.

type Pair = readonly [number, number];

const depthwise = ({ groups }: Conv2dAttrs): boolean => groups > 1;

/** Cross-correlation without padding. @param kernel [kh, kw, C, O]; of a depthwise one [kh, kw, C, 1] */
function correlate(x: tf.Tensor4D, kernel: tf.Tensor4D, stride: Pair, dilation: Pair, each: boolean): tf.Tensor4D {
  const wide = Math.max(...stride) > 1 && Math.max(...dilation) > 1;
  const taps = wide ? spreadAxis(spreadAxis(kernel, 0, dilation[0]), 1, dilation[1]) : kernel;
  const convolve = each ? tf.depthwiseConv2d : tf.conv2d;
  return convolve(x, taps, [...stride], "valid", "NHWC", wide ? [1, 1] : [...dilation]) as tf.Tensor4D;
}

/** (x [N,H,W,C], w [O, C/groups, kh, kw]) → [N,H',W',O]. */
export function convolved(x: tf.Tensor4D, w: tf.Tensor, attrs: Conv2dAttrs): tf.Tensor4D {
  const { stride, padding, dilation } = attrs;
  const weight = tf.reshape(w, kernelDims(w.shape));
  const kernel = tf.transpose(weight, depthwise(attrs) ? [2, 3, 0, 1] : [2, 3, 1, 0]) as tf.Tensor4D;
  return correlate(padded(x, padding, padding), kernel, stride, dilation, depthwise(attrs));
}

/** (dy, w) → gradient by x of height and width `size`: the full correlation of the spread dy with the mirrored kernel. */
export function convolvedDx(dy: tf.Tensor4D, w: tf.Tensor, attrs: Conv2dAttrs, size: Pair): tf.Tensor4D {
  const { stride, padding, dilation } = attrs;
  const [, , kh, kw] = kernelDims(w.shape);
  const mirrored = tf.reverse(tf.reshape(w, kernelDims(w.shape)), [2, 3]);
  const kernel = tf.transpose(mirrored, [2, 3, 0, 1]) as tf.Tensor4D;
  const reach: Pair = [dilation[0] * (kh - 1), dilation[1] * (kw - 1)];
  const wide: Pair = [size[0] + reach[0], size[1] + reach[1]];
  const spread = placed(dy, [reach[0] - padding[0], reach[1] - padding[1]], stride, wide);
  return correlate(spread, kernel, [1, 1], dilation, depthwise(attrs));
}

/** (x, dy) → gradient by a weight of shape `shape`, [O, C/groups, kh, kw]. */
export function convolvedDw(x: tf.Tensor4D, dy: tf.Tensor4D, attrs: Conv2dAttrs, shape: readonly number[]): tf.Tensor {
  const [, , kh, kw] = kernelDims(shape);
  const wide = padded(x, attrs.padding, attrs.padding);
  if (depthwise(attrs)) return tf.reshape(depthwiseDw(wide, dy, attrs, [kh, kw]), [...shape]);
  const gradient = kh === 1 && kw === 1 ? pointwiseDw(wide, dy, attrs.stride) : denseDw(wide, dy, attrs, [kh, kw]);
  return tf.reshape(gradient, [...shape]);
}

/** A product per image and then their sum: WebGL computes an element in one thread, and a single product has few elements. */
function pointwiseDw(x: tf.Tensor4D, dy: tf.Tensor4D, stride: Pair): tf.Tensor {
  const [n, h, w, outputs] = dy.shape;
  const pixels = tf.reshape(taken(x, [0, 0], stride, [h, w]), [n, h * w, x.shape[3]]);
  return tf.sum(tf.matMul(tf.reshape(dy, [n, h * w, outputs]), pixels, true, false), 0);
}

/** A convolution with dy as the kernel: stride and dilation change places, images are what channels were. */
function denseDw(x: tf.Tensor4D, dy: tf.Tensor4D, { stride, dilation }: Conv2dAttrs, [kh, kw]: Pair): tf.Tensor {
  const images = tf.transpose(x, [3, 1, 2, 0]) as tf.Tensor4D;
  const kernel = tf.transpose(dy, [1, 2, 0, 3]) as tf.Tensor4D;
  const taps = correlate(images, kernel, dilation, stride, false);
  return tf.transpose(tf.slice4d(taps, [0, 0, 0, 0], [x.shape[3], kh, kw, dy.shape[3]]), [3, 0, 1, 2]);
}

/** The same for each channel of each image, then the sum over images. */
function depthwiseDw(x: tf.Tensor4D, dy: tf.Tensor4D, { stride, dilation }: Conv2dAttrs, [kh, kw]: Pair): tf.Tensor {
  const [n, h, w, c] = x.shape;
  const images = tf.reshape(tf.transpose(x, [1, 2, 0, 3]), [1, h, w, n * c]) as tf.Tensor4D;
  const kernel = tf.reshape(tf.transpose(dy, [1, 2, 0, 3]), [dy.shape[1], dy.shape[2], n * c, 1]) as tf.Tensor4D;
  const taps = tf.slice4d(correlate(images, kernel, dilation, stride, true), [0, 0, 0, 0], [1, kh, kw, n * c]);
  return tf.transpose(tf.sum(tf.reshape(taps, [kh, kw, n, c]), 2), [2, 0, 1]);
}
