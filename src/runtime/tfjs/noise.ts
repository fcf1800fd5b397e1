import * as tf from "@tensorflow/tfjs-core";
import { elements, flat, planes } from "../../graph/types.ts";
import * as definition from "../reference/noise.ts";
import type { TfContext, TfOp } from "./def.ts";
import { toTensor } from "./tensors.ts";

// The definitions draw on the host: numbers are counted through the batch, of which a chunk is a part.

export const dropout: TfOp<"dropout"> = ({ attrs, inputs: [x], type, step }) => {
  const [samples = 0, ...rest] = type.shape;
  const start = step?.sampleStart ?? 0;
  const whole = planes([start + samples, ...rest]);
  const ones = new Float64Array(elements(whole)).fill(1);
  const out = new Float64Array(ones.length);
  definition.dropout({ attrs, inputs: [ones], types: [whole], type: whole, out, step });
  return tf.mul(x!, toTensor(out.subarray(ones.length - elements(type)), type));
};

/** Each sample's share of branch 0 ([N, 1, 1, 1]), as the definition of the op gives it. */
function shares({ type, step }: Pick<TfContext<"shake">, "type" | "step">, draw: (batch: number) => Float64Array) {
  const [samples = 0] = type.shape;
  const start = step?.sampleStart ?? 0;
  return tf.reshape(toTensor(draw(start + samples).subarray(start), flat([samples])), [-1, 1, 1, 1]);
}

export const shake: TfOp<"shake"> = ({ attrs, inputs: [x0, x1], type, step }) => {
  const share = shares({ type, step }, (batch) => {
    const one = planes([batch, 1, 1, 1]);
    const inputs = [new Float64Array(batch).fill(1), new Float64Array(batch)];
    const out = new Float64Array(batch);
    definition.shake({ attrs, inputs, types: [one, one], type: one, out, step });
    return out;
  });
  return tf.add(tf.mul(x0!, share), tf.mul(x1!, tf.sub(1, share)));
};

export const shake_dx: TfOp<"shake_dx"> = ({ attrs, inputs: [dy], type, step }) => {
  const share = shares({ type, step }, (batch) => {
    const one = planes([batch, 1, 1, 1]);
    const out = new Float64Array(batch);
    definition.shake_dx({ attrs, inputs: [new Float64Array(batch).fill(1)], types: [one], type: one, out, step });
    return out;
  });
  return tf.mul(dy!, share);
};
