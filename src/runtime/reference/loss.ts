import type { TensorType } from "../../graph/types.ts";
import type { RefOp } from "./def.ts";

/** Rows of the logits with the index of their first element, and the target class. */
function* samples(type: TensorType, logits: Float64Array, labels: Float64Array) {
  const [count, classes] = type.shape as [number, number, number, number];
  for (let n = 0; n < count; n++) {
    const start = n * classes;
    yield { n, start, row: logits.subarray(start, start + classes), label: labels[n]! };
  }
}

function logSoftmax(row: Float64Array): Float64Array {
  const largest = Math.max(...row);
  const logSum = largest + Math.log(row.reduce((sum, value) => sum + Math.exp(value - largest), 0));
  return row.map((value) => value - logSum);
}

/** Probability that the smoothed target gives to class k. */
function target(k: number, label: number, classes: number, smoothing: number): number {
  if (k === label) return 1 - smoothing;
  return smoothing === 0 ? 0 : smoothing / (classes - 1);
}

export const cross_entropy: RefOp<"cross_entropy"> = ({ attrs, inputs, types, out }) => {
  for (const { n, row, label } of samples(types[0]!, inputs[0]!, inputs[1]!)) {
    out[n] = logSoftmax(row).reduce((sum, value, k) => sum - target(k, label, row.length, attrs.smoothing) * value, 0);
  }
};

export const cross_entropy_dx: RefOp<"cross_entropy_dx"> = ({ attrs, inputs, types, out }) => {
  const dloss = inputs[2]!;
  for (const { n, start, row, label } of samples(types[0]!, inputs[0]!, inputs[1]!)) {
    for (const [k, value] of logSoftmax(row).entries()) {
      // The targets of one sample sum to 1.
      out[start + k] = dloss[n]! * (Math.exp(value) - target(k, label, row.length, attrs.smoothing));
    }
  }
};

export const top_k: RefOp<"top_k"> = ({ attrs, inputs, types, out }) => {
  for (const { n, row, label } of samples(types[0]!, inputs[0]!, inputs[1]!)) {
    const own = row[label]!;
    const ahead = row.filter((value, k) => value > own || (value === own && k < label)).length;
    out[n] = ahead < attrs.k ? 1 : 0;
  }
};
