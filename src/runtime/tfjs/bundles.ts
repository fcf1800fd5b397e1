import * as tf from "@tensorflow/tfjs-core";
import { dims4 } from "../../graph/types.ts";
import { asPlanes, storedShape, type TfOp } from "./def.ts";
import { rowOf, updated } from "./norms.ts";
import { largestDx, largestOf, meanDx, meanOf } from "./pooling.ts";
import { amongChannels, channelsOf, sumOf } from "./windows.ts";

export const pool_pair: TfOp<"pool_pair"> = ({ attrs, inputs: [x], type }) => {
  const [, , h, w] = dims4(type);
  return tf.concat([largestOf(x as tf.Tensor4D, attrs, [h, w]), meanOf(x as tf.Tensor4D, attrs, [h, w])], 3);
};

export const pool_pair_dx: TfOp<"pool_pair_dx"> = ({ attrs, inputs, type }) => {
  const [dy, argmax] = asPlanes(inputs) as [tf.Tensor4D, tf.Tensor4D];
  const [, channels, h, w] = dims4(type);
  const byLargest = largestDx(channelsOf(dy, 0, channels), argmax, attrs, [h, w]);
  return tf.add(byLargest, meanDx(channelsOf(dy, channels, channels), attrs, [h, w]));
};

export const pool_pair_mix_dx: TfOp<"pool_pair_mix_dx"> = ({ attrs, inputs, type }) => {
  const [, channels, h, w] = dims4(type);
  const gradients = (kind: "largest" | "mean") =>
    attrs.terms.flatMap((term) => {
      const row = term[kind];
      if (row === undefined) return [];
      const weighted = tf.mul(inputs[1 + 2 * term.source]!, rowOf(inputs[2 + 2 * term.source]!, row));
      return [amongChannels(weighted as tf.Tensor4D, term.start, channels)];
    });
  const largest = gradients("largest");
  const mean = gradients("mean");
  const parts = [
    ...(largest.length > 0 ? [largestDx(sumOf(largest) as tf.Tensor4D, inputs[0]!, attrs, [h, w])] : []),
    ...(mean.length > 0 ? [meanDx(sumOf(mean) as tf.Tensor4D, attrs, [h, w])] : []),
  ];
  return parts.length === 0 ? tf.zeros(storedShape(type)) : sumOf(parts);
};

export const flat_slice: TfOp<"flat_slice"> = ({ attrs, inputs: [x], type }) => {
  const count = type.shape.reduce((product, size) => product * size, 1);
  return tf.reshape(tf.slice(tf.reshape(x!, [-1]), [attrs.start], [count]), [...type.shape]);
};

export const columns: TfOp<"columns"> = ({ attrs, inputs: [x], type }) =>
  tf.slice(x!, [0, attrs.start], [type.shape[0]!, attrs.count]);

export const bn_updates: TfOp<"bn_updates"> = ({ attrs, inputs, types }) =>
  tf.concat(
    attrs.updates.map(({ stats, start, momentum, count }, index) => {
      const own = tf.slice(inputs[stats]!, [0, start], [3, types[index]!.shape[1]!]);
      return tf.reshape(updated(inputs[index]!, own, momentum, count), [-1]);
    }),
  );
