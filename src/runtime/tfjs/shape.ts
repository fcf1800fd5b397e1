import * as tf from "@tensorflow/tfjs-core";
import { dims4 } from "../../graph/types.ts";
import { asPlanes, storedShape, type TfOp } from "./def.ts";
import { channelsOf, placed, taken } from "./windows.ts";

export const concat: TfOp<"concat"> = ({ inputs }) => tf.concat(asPlanes(inputs), 3);

export const channel_slice: TfOp<"channel_slice"> = ({ attrs, inputs: [x] }) =>
  channelsOf(x as tf.Tensor4D, attrs.start, attrs.count);

export const strided_slice: TfOp<"strided_slice"> = ({ attrs, inputs: [x], type }) => {
  const [, , h, w] = dims4(type);
  return taken(x as tf.Tensor4D, attrs.start, attrs.stride, [h, w]);
};

export const strided_slice_dx: TfOp<"strided_slice_dx"> = ({ attrs, inputs: [dy], type }) => {
  const [, , h, w] = dims4(type);
  return placed(dy as tf.Tensor4D, attrs.start, attrs.stride, [h, w]);
};

/** The order is that of NCHW. */
export const flatten: TfOp<"flatten"> = ({ inputs: [x], type }) =>
  tf.reshape(tf.transpose(x!, [0, 3, 1, 2]), storedShape(type));

export const unflatten: TfOp<"unflatten"> = ({ inputs: [x], type }) =>
  tf.transpose(tf.reshape(x!, [...type.shape]), [0, 2, 3, 1]);
