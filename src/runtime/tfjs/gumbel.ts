import * as tf from "@tensorflow/tfjs-core";
import { elements } from "../../graph/types.ts";
import { type Perturbation, perturbations } from "../reference/gumbel.ts";
import type { TfOp } from "./def.ts";
import { sumOf } from "./windows.ts";

// The noise is drawn on the host by the definition: a few numbers a node.

function softmaxOf(vectors: readonly tf.Tensor[], { noise, factor }: Perturbation): tf.Tensor {
  const a = tf.concat(vectors.map((vector) => tf.reshape(vector, [-1])));
  return tf.softmax(tf.mul(tf.add(a, tf.tensor1d(Float32Array.from(noise))), factor));
}

const meanOf = (tensors: readonly tf.Tensor[]) => tf.div(sumOf(tensors), tensors.length);

export const gumbel_softmax: TfOp<"gumbel_softmax"> = ({ attrs, inputs, type, step }) =>
  meanOf(perturbations(attrs, elements(type), step).map((each) => softmaxOf(inputs, each)));

export const gumbel_softmax_dx: TfOp<"gumbel_softmax_dx"> = ({ attrs, inputs: [dy, ...vectors], type, step }) =>
  meanOf(
    perturbations(attrs, elements(type), step).map((each) => {
      const y = softmaxOf(vectors, each);
      return tf.mul(tf.mul(y, tf.sub(dy!, tf.sum(tf.mul(y, dy!)))), each.factor);
    }),
  );

export const sort_descending: TfOp<"sort_descending"> = ({ inputs: [a] }) => tf.topk(a!, a!.size).values;
