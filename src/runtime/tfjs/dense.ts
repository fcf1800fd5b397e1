import * as tf from "@tensorflow/tfjs-core";
import { joinedShape } from "../../graph/types.ts";
import { convolved, convolvedDw, convolvedDx } from "./convolve.ts";
import { asPlanes, type TfOp } from "./def.ts";

/** Weights [O, C, kh, kw] one after another are one weight with all their outputs. */
const joined = (weights: readonly tf.Tensor[]): tf.Tensor => tf.concat([...weights], 0);

export const dense: TfOp<"dense"> = ({ attrs, inputs: [x, ...weights] }) =>
  convolved(x as tf.Tensor4D, joined(weights), { ...attrs, groups: 1 });

export const dense_dx: TfOp<"dense_dx"> = ({ attrs, inputs: [dy, ...weights], type }) =>
  convolvedDx(dy as tf.Tensor4D, joined(weights), { ...attrs, groups: 1 }, [type.shape[2]!, type.shape[3]!]);

export const dense_dw: TfOp<"dense_dw"> = ({ attrs, inputs, type }) => {
  const [x, dy] = asPlanes(inputs);
  return tf.reshape(convolvedDw(x!, dy!, { ...attrs, groups: 1 }, joinedShape(attrs.shapes)), [...type.shape]);
};
