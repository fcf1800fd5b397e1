import * as tf from "@tensorflow/tfjs-core";

/** Row of a matrix [R, C], as [C]. */
export const rowOf = (x: tf.Tensor, index: number): tf.Tensor1D =>
  tf.reshape(tf.slice(x, [index, 0], [1, x.shape[1]!]), [-1]);

/** (x - mean) * rstd. */
export function normalisedBy(x: tf.Tensor, stats: tf.Tensor): tf.Tensor {
  return tf.mul(tf.sub(x, rowOf(stats, 0)), rowOf(stats, 1));
}

/** New running statistics [2, C]. */
export function updated(running: tf.Tensor, stats: tf.Tensor, momentum: number, count: number): tf.Tensor {
  const unbiased = count > 1 ? count / (count - 1) : 1;
  const batch = tf.stack([rowOf(stats, 0), tf.mul(rowOf(stats, 2), unbiased)]);
  return tf.add(running, tf.mul(tf.sub(batch, running), momentum));
}
