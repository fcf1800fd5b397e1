import { forEach4, type RefOp } from "./def.ts";

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
const total = (a: Float64Array) => a.reduce((sum, value) => sum + value, 0);

export const add: RefOp<"add"> = ({ inputs, out }) => {
  for (const x of inputs) {
    for (let i = 0; i < out.length; i++) out[i]! += x[i]!;
  }
};

export const weighted_sum: RefOp<"weighted_sum"> = ({ attrs, inputs, out }) => {
  const [w, ...terms] = inputs as [Float64Array, ...Float64Array[]];
  for (const [term, x] of terms.entries()) {
    const weight = w[attrs.indices[term]!]!;
    for (let i = 0; i < out.length; i++) out[i]! += weight * x[i]!;
  }
};

export const weighted_sum_dw: RefOp<"weighted_sum_dw"> = ({ attrs, inputs, out }) => {
  const [dy, ...terms] = inputs as [Float64Array, ...Float64Array[]];
  for (const [term, x] of terms.entries()) out[attrs.indices[term]!]! += dot(dy, x);
};

export const scale_by: RefOp<"scale_by"> = ({ attrs, inputs, out }) => {
  const [x, w] = inputs as [Float64Array, Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = w[attrs.index]! * x[i]!;
};

export const scale_samples: RefOp<"scale_samples"> = ({ inputs, type, out }) => {
  const [x, m] = inputs as [Float64Array, Float64Array];
  forEach4(type.shape, (n, _c, _y, _x, i) => {
    out[i] = x[i]! * m[n]!;
  });
};

export const softmax: RefOp<"softmax"> = ({ inputs, out }) => {
  inputs.forEach((a, index) => {
    const largest = Math.max(...a);
    const exp = a.map((value) => Math.exp(value - largest));
    const sum = total(exp);
    out.set(
      exp.map((value) => value / sum),
      index * a.length,
    );
  });
};

export const softmax_dx: RefOp<"softmax_dx"> = ({ inputs, attrs, out }) => {
  const [y, dy] = inputs as [Float64Array, Float64Array];
  const size = y.length / attrs.vectors;
  for (let start = 0; start < y.length; start += size) {
    const mean = dot(y.subarray(start, start + size), dy.subarray(start, start + size));
    for (let i = start; i < start + size; i++) out[i] = y[i]! * (dy[i]! - mean);
  }
};

export const normalize: RefOp<"normalize"> = ({ inputs, out }) => {
  const [a] = inputs as [Float64Array];
  const sum = total(a);
  for (let i = 0; i < out.length; i++) out[i] = a[i]! / sum;
};

export const normalize_dx: RefOp<"normalize_dx"> = ({ inputs, out }) => {
  const [a, dy] = inputs as [Float64Array, Float64Array];
  const sum = total(a);
  const mean = dot(a, dy) / sum;
  for (let i = 0; i < out.length; i++) out[i] = (dy[i]! - mean) / sum;
};

export const mean: RefOp<"mean"> = ({ inputs, out }) => {
  const [v] = inputs as [Float64Array];
  out[0] = total(v) / v.length;
};

export const expand: RefOp<"expand"> = ({ attrs, inputs, out }) => {
  out.fill(attrs.factor * inputs[0]![0]!);
};

export const abs_sum: RefOp<"abs_sum"> = ({ inputs, out }) => {
  out[0] = total(inputs[0]!.map(Math.abs));
};

export const abs_sum_dx: RefOp<"abs_sum_dx"> = ({ inputs, out }) => {
  const [v, dy] = inputs as [Float64Array, Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = dy[0]! * Math.sign(v[i]!);
};
