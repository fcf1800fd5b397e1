import * as tf from "@tensorflow/tfjs-core";
import { convolved, convolvedDw, convolvedDx } from "./convolve.ts";
import { asPlanes, type TfOp } from "./def.ts";

export const conv2d: TfOp<"conv2d"> = ({ attrs, inputs: [x, w] }) => convolved(x as tf.Tensor4D, w!, attrs);

export const conv2d_dx: TfOp<"conv2d_dx"> = ({ attrs, inputs: [dy, w], type }) =>
  convolvedDx(dy as tf.Tensor4D, w!, attrs, [type.shape[2]!, type.shape[3]!]);

export const conv2d_dw: TfOp<"conv2d_dw"> = ({ attrs, inputs, type }) => {
  const [x, dy] = asPlanes(inputs);
  return convolvedDw(x!, dy!, attrs, type.shape);
};

export const add_bias: TfOp<"add_bias"> = ({ inputs: [x, b] }) => tf.add(x!, b!);

export const channel_sum: TfOp<"channel_sum"> = ({ inputs: [x] }) => tf.sum(x!, [0, 1, 2]);
