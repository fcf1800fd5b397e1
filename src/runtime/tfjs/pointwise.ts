import * as tf from "@tensorflow/tfjs-core";
import { elements } from "../../graph/types.ts";
import * as definition from "../reference/pointwise.ts";
import { storedShape, type TfOp } from "./def.ts";

export const fill: TfOp<"fill"> = ({ attrs, type }) =>
  tf.fill(storedShape(type), attrs.value, type.dtype === "u32" ? "int32" : "float32");

/** Drawn on the host by the definition: a number per sample. */
export const drop_path_mask: TfOp<"drop_path_mask"> = ({ step, type, ...context }) => {
  const start = step?.sampleStart ?? 0;
  const out = new Float64Array(start + elements(type));
  definition.drop_path_mask({ ...context, type, inputs: [], step, out });
  return tf.tensor1d(Float32Array.from(out.subarray(start)));
};

export const relu: TfOp<"relu"> = ({ inputs: [x] }) => tf.relu(x!);

export const relu_dx: TfOp<"relu_dx"> = ({ inputs: [dy, y] }) => tf.mul(dy!, tf.step(y!));

export const relu6: TfOp<"relu6"> = ({ inputs: [x] }) => tf.clipByValue(x!, 0, 6);

export const relu6_dx: TfOp<"relu6_dx"> = ({ inputs: [dy, y] }) =>
  tf.mul(dy!, tf.mul(tf.step(y!), tf.step(tf.sub(6, y!))));

export const scale: TfOp<"scale"> = ({ attrs, inputs: [x] }) => tf.mul(x!, attrs.factor);

export const stop_gradient: TfOp<"stop_gradient"> = ({ inputs: [x] }) => x!;

export const stop_forward: TfOp<"stop_forward"> = ({ inputs: [x] }) => tf.zerosLike(x!);
