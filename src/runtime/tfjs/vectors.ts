import * as tf from "@tensorflow/tfjs-core";
import { sumOf } from "./windows.ts";

/** Element of a vector, as [1]. */
export const elementOf = (vector: tf.Tensor, index: number): tf.Tensor => tf.slice(vector, [index], [1]);

/** A vector of `size` elements from pairs of index and scalar; those of one index add up. */
export function scattered(pairs: readonly (readonly [index: number, value: tf.Tensor])[], size: number): tf.Tensor {
  const parts = Array.from({ length: size }, (_, index) => {
    const own = pairs.filter(([at]) => at === index).map(([, value]) => tf.reshape(value, [1]));
    return own.length === 0 ? tf.zeros([1]) : sumOf(own);
  });
  return tf.concat(parts);
}
