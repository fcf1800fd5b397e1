import * as tf from "@tensorflow/tfjs-core";
import { loadInputs, type ReadRange } from "../../graph/ops/load.ts";
import type { Load } from "../../graph/types.ts";
import { normalisedBy } from "./norms.ts";
import { channelsOf } from "./windows.ts";

/**
 * What a bundle's load makes of x before its ReLU: bn(x) or x itself, on the channels that the bundle reads.
 * @param inputs x [N,H,W,C], then the load's inputs
 */
function normalised(inputs: readonly tf.Tensor[], { norm }: Load, { start, end }: ReadRange): tf.Tensor4D {
  const [x, stats, gamma, beta] = inputs as [tf.Tensor4D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D];
  const count = end - start;
  const own = channelsOf(x, start, count);
  if (!norm) return own;
  const normal = normalisedBy(own, tf.slice(stats, [0, start], [3, count])) as tf.Tensor4D;
  return norm.affine ? tf.add(tf.mul(normal, gamma), beta) : normal;
}

/** What a bundle's branches see, channels of the range only: `normalised`, after the ReLU if there is one. */
export function loaded(inputs: readonly tf.Tensor[], load: Load, range: ReadRange): tf.Tensor4D {
  const values = normalised(inputs.slice(0, 1 + loadInputs(load)), load, range);
  return load.relu ? tf.relu(values) : values;
}

/**
 * From the gradient by what the branches see to the gradient by what the ReLU was applied to; both have the channels of the
 * range only.
 * @param inputs x and the load's inputs; not read without a ReLU
 */
export function masked(gradient: tf.Tensor4D, inputs: readonly tf.Tensor[], load: Load, range: ReadRange): tf.Tensor4D {
  return load.relu ? tf.mul(gradient, tf.step(normalised(inputs, load, range))) : gradient;
}
