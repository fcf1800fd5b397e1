import * as tf from "@tensorflow/tfjs-core";
import type { TensorType } from "../../graph/types.ts";
import { storedShape } from "./def.ts";

/** Row-major numbers (NCHW for planes) as a tensor in the interpreter's form. */
export function toTensor(data: ArrayLike<number>, type: TensorType): tf.Tensor {
  const dtype = type.dtype === "u32" ? "int32" : "float32";
  const values = type.dtype === "u32" ? Int32Array.from(data) : Float32Array.from(data);
  return tf.tidy(() => {
    const tensor = tf.tensor(values, [...type.shape], dtype);
    return type.layout === "planes" ? tf.transpose(tensor, [0, 2, 3, 1]) : tensor;
  });
}

/** The inverse. */
export async function fromTensor(tensor: tf.Tensor, type: TensorType): Promise<Float32Array> {
  const turned = tf.tidy(() => {
    const stored = tf.reshape(tensor, storedShape(type));
    return tf.cast(type.layout === "planes" ? tf.transpose(stored, [0, 3, 1, 2]) : stored, "float32");
  });
  try {
    return (await turned.data()) as Float32Array;
  } finally {
    turned.dispose();
  }
}
