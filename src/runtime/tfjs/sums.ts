import * as tf from "@tensorflow/tfjs-core";
import type { TfOp } from "./def.ts";
import { elementOf, scattered } from "./vectors.ts";
import { sumOf } from "./windows.ts";

export const add: TfOp<"add"> = ({ inputs }) => sumOf(inputs);

export const weighted_sum: TfOp<"weighted_sum"> = ({ attrs, inputs: [w, ...terms] }) =>
  sumOf(terms.map((x, term) => tf.mul(x, elementOf(w!, attrs.indices[term]!))));

export const weighted_sum_dw: TfOp<"weighted_sum_dw"> = ({ attrs, inputs: [dy, ...terms] }) =>
  scattered(
    terms.map((x, term) => [attrs.indices[term]!, tf.sum(tf.mul(dy!, x))]),
    attrs.size,
  );

export const scale_by: TfOp<"scale_by"> = ({ attrs, inputs: [x, w] }) => tf.mul(x!, elementOf(w!, attrs.index));

export const scale_samples: TfOp<"scale_samples"> = ({ inputs: [x, m] }) => tf.mul(x!, tf.reshape(m!, [-1, 1, 1, 1]));

export const softmax: TfOp<"softmax"> = ({ inputs }) => tf.concat(inputs.map((a) => tf.softmax(tf.reshape(a, [-1]))));

export const softmax_dx: TfOp<"softmax_dx"> = ({ attrs, inputs: [y, dy], type }) => {
  const rows = (x: tf.Tensor) => tf.reshape(x, [attrs.vectors, -1]);
  const product = tf.mul(rows(y!), rows(dy!));
  const means = tf.sum(product, 1, true);
  return tf.reshape(tf.sub(product, tf.mul(rows(y!), means)), [...type.shape]);
};

export const normalize: TfOp<"normalize"> = ({ inputs: [a] }) => tf.div(a!, tf.sum(a!));

export const normalize_dx: TfOp<"normalize_dx"> = ({ inputs: [a, dy] }) => {
  const sum = tf.sum(a!);
  return tf.div(tf.sub(dy!, tf.div(tf.sum(tf.mul(a!, dy!)), sum)), sum);
};

export const mean: TfOp<"mean"> = ({ inputs: [v] }) => tf.reshape(tf.mean(v!), [1]);

export const expand: TfOp<"expand"> = ({ attrs, inputs: [s] }) =>
  tf.mul(tf.fill([...attrs.shape], attrs.factor), tf.reshape(s!, []));

export const abs_sum: TfOp<"abs_sum"> = ({ inputs: [v] }) => tf.reshape(tf.sum(tf.abs(v!)), [1]);

export const abs_sum_dx: TfOp<"abs_sum_dx"> = ({ inputs: [v, dy] }) => tf.mul(tf.sign(v!), tf.reshape(dy!, []));
