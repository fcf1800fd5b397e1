import * as tf from "@tensorflow/tfjs-core";
import { dims4 } from "../../graph/types.ts";
import { asPlanes, type TfOp } from "./def.ts";
import { argmaxOf, largestDx, largestOf, meanDx, meanOf } from "./pooling.ts";

export const max_pool: TfOp<"max_pool"> = ({ attrs, inputs: [x], type }) => {
  const [, , h, w] = dims4(type);
  return largestOf(x as tf.Tensor4D, attrs, [h, w]);
};

export const max_pool_argmax: TfOp<"max_pool_argmax"> = ({ attrs, inputs: [x], type }) => {
  const [, , h, w] = dims4(type);
  return argmaxOf(x as tf.Tensor4D, attrs, [h, w]);
};

export const max_pool_dx: TfOp<"max_pool_dx"> = ({ attrs, inputs, type }) => {
  const [dy, argmax] = asPlanes(inputs);
  const [, , h, w] = dims4(type);
  return largestDx(dy!, argmax!, attrs, [h, w]);
};

export const avg_pool: TfOp<"avg_pool"> = ({ attrs, inputs: [x], type }) => {
  const [, , h, w] = dims4(type);
  return meanOf(x as tf.Tensor4D, attrs, [h, w]);
};

export const avg_pool_dx: TfOp<"avg_pool_dx"> = ({ attrs, inputs: [dy], type }) => {
  const [, , h, w] = dims4(type);
  return meanDx(dy as tf.Tensor4D, attrs, [h, w]);
};

export const global_avg_pool: TfOp<"global_avg_pool"> = ({ inputs: [x] }) => tf.mean(x!, [1, 2], true);

export const global_avg_pool_dx: TfOp<"global_avg_pool_dx"> = ({ inputs: [dy], type }) => {
  const [n, c, h, w] = dims4(type);
  return tf.broadcastTo(tf.div(dy!, h * w), [n, h, w, c]);
};
