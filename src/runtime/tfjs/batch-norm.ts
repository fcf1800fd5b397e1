import * as tf from "@tensorflow/tfjs-core";
import type { TfOp } from "./def.ts";
import { normalisedBy, rowOf, updated } from "./norms.ts";

const scaled = (x: tf.Tensor, gamma: tf.Tensor | undefined): tf.Tensor => (gamma ? tf.mul(x, gamma) : x);

export const bn_stats: TfOp<"bn_stats"> = ({ attrs, inputs: [x] }) => {
  const { mean, variance } = tf.moments(x!, [0, 1, 2]);
  return tf.stack([mean, tf.rsqrt(tf.add(variance, attrs.eps)), variance]);
};

export const bn_running: TfOp<"bn_running"> = ({ attrs, inputs: [running] }) => {
  const variance = rowOf(running!, 1);
  return tf.stack([rowOf(running!, 0), tf.rsqrt(tf.add(variance, attrs.eps)), variance]);
};

export const bn_apply: TfOp<"bn_apply"> = ({ inputs: [x, stats, gamma, beta] }) => {
  const normal = scaled(normalisedBy(x!, stats!), gamma);
  return beta ? tf.add(normal, beta) : normal;
};

export const bn_sums: TfOp<"bn_sums"> = ({ inputs: [dy, x, stats] }) =>
  tf.stack([tf.sum(dy!, [0, 1, 2]), tf.sum(tf.mul(dy!, normalisedBy(x!, stats!)), [0, 1, 2])]);

export const bn_dx: TfOp<"bn_dx"> = ({ attrs, inputs, types }) => {
  const [dy, x, stats, sums, gamma] = inputs as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
  const factor = scaled(rowOf(stats, 1), gamma);
  if (!attrs.batch) return tf.mul(dy, factor);
  const [n, , h, w] = types[0]!.shape as [number, number, number, number];
  const means = tf.div(sums, n * h * w);
  const throughStats = tf.add(tf.mul(normalisedBy(x, stats), rowOf(means, 1)), rowOf(means, 0));
  return tf.mul(tf.sub(dy, throughStats), factor);
};

export const bn_update: TfOp<"bn_update"> = ({ attrs, inputs: [running, stats] }) =>
  updated(running!, stats!, attrs.momentum, attrs.count);

export const row: TfOp<"row"> = ({ attrs, inputs: [x] }) => rowOf(x!, attrs.index);
