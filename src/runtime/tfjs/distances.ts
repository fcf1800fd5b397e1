import * as tf from "@tensorflow/tfjs-core";
import type { TfOp } from "./def.ts";

export const pair_distances: TfOp<"pair_distances"> = ({ inputs }) =>
  tf.stack(inputs.flatMap((a, i) => inputs.slice(i + 1).map((b) => tf.sum(tf.squaredDifference(a, b), [1, 2, 3]))));
