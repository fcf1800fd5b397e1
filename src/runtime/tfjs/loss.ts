import * as tf from "@tensorflow/tfjs-core";
import type { TensorType } from "../../graph/types.ts";
import type { TfOp } from "./def.ts";

/** Logits as [N, K], labels as [N]. */
function samples([logits, labels]: readonly tf.Tensor[], [type]: readonly TensorType[]) {
  const [n, classes] = type!.shape as [number, number];
  return { logits: tf.reshape(logits!, [n, classes]) as tf.Tensor2D, labels: labels as tf.Tensor1D, classes };
}

/** Probability that the smoothed targets give to each class, [N, K]. */
function targets(labels: tf.Tensor1D, classes: number, smoothing: number): tf.Tensor {
  const other = smoothing === 0 ? 0 : smoothing / (classes - 1);
  return tf.oneHot(labels, classes, 1 - smoothing, other, "float32");
}

export const cross_entropy: TfOp<"cross_entropy"> = ({ attrs, inputs, types }) => {
  const { logits, labels, classes } = samples(inputs, types);
  return tf.neg(tf.sum(tf.mul(targets(labels, classes, attrs.smoothing), tf.logSoftmax(logits)), 1));
};

export const cross_entropy_dx: TfOp<"cross_entropy_dx"> = ({ attrs, inputs, types }) => {
  const { logits, labels, classes } = samples(inputs, types);
  // The targets of one sample sum to 1.
  const difference = tf.sub(tf.softmax(logits), targets(labels, classes, attrs.smoothing));
  return tf.reshape(tf.mul(difference, tf.expandDims(inputs[2]!, 1)), [logits.shape[0], 1, 1, classes]);
};

export const top_k: TfOp<"top_k"> = ({ attrs, inputs, types }) => {
  const { logits, labels, classes } = samples(inputs, types);
  const label = tf.expandDims(labels, 1);
  const own = tf.sum(tf.mul(logits, tf.oneHot(labels, classes, 1, 0, "float32")), 1, true);
  const lower = tf.less(tf.range(0, classes, 1, "int32"), label);
  const ahead = tf.logicalOr(tf.greater(logits, own), tf.logicalAnd(tf.equal(logits, own), lower));
  return tf.cast(tf.less(tf.sum(tf.cast(ahead, "float32"), 1), tf.scalar(attrs.k)), "float32");
};
