import { forEach4, type RefOp } from "./def.ts";

export const bn_stats: RefOp<"bn_stats"> = ({ attrs, inputs, types, out }) => {
  const [x] = inputs as [Float64Array];
  const { shape } = types[0]!;
  const channels = shape[1]!;
  const count = x.length / channels;
  const mean = out.subarray(0, channels);
  const rstd = out.subarray(channels, 2 * channels);
  const variance = out.subarray(2 * channels);
  forEach4(shape, (_n, c, _y, _x, i) => {
    mean[c]! += x[i]! / count;
  });
  forEach4(shape, (_n, c, _y, _x, i) => {
    variance[c]! += (x[i]! - mean[c]!) ** 2 / count;
  });
  for (let c = 0; c < channels; c++) rstd[c] = 1 / Math.sqrt(variance[c]! + attrs.eps);
};

export const bn_running: RefOp<"bn_running"> = ({ attrs, inputs, type, out }) => {
  const [running] = inputs as [Float64Array];
  const channels = type.shape[1]!;
  for (let c = 0; c < channels; c++) {
    const variance = running[channels + c]!;
    out[c] = running[c]!;
    out[channels + c] = 1 / Math.sqrt(variance + attrs.eps);
    out[2 * channels + c] = variance;
  }
};

export const bn_apply: RefOp<"bn_apply"> = ({ inputs, type, out }) => {
  const [x, stats, gamma, beta] = inputs as [Float64Array, Float64Array, Float64Array?, Float64Array?];
  const channels = type.shape[1]!;
  forEach4(type.shape, (_n, c, _y, _x, i) => {
    const normal = (x[i]! - stats[c]!) * stats[channels + c]!;
    out[i] = normal * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0);
  });
};

export const bn_sums: RefOp<"bn_sums"> = ({ inputs, types, out }) => {
  const [dy, x, stats] = inputs as [Float64Array, Float64Array, Float64Array];
  const { shape } = types[0]!;
  const channels = shape[1]!;
  forEach4(shape, (_n, c, _y, _x, i) => {
    out[c]! += dy[i]!;
    out[channels + c]! += dy[i]! * (x[i]! - stats[c]!) * stats[channels + c]!;
  });
};

export const bn_dx: RefOp<"bn_dx"> = ({ attrs, inputs, type, out }) => {
  const [dy, x, stats, sums, gamma] = inputs as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array?];
  const channels = type.shape[1]!;
  const count = out.length / channels;
  forEach4(type.shape, (_n, c, _y, _x, i) => {
    const rstd = stats[channels + c]!;
    const normal = (x[i]! - stats[c]!) * rstd;
    const throughStats = attrs.batch ? (sums[c]! + normal * sums[channels + c]!) / count : 0;
    out[i] = (gamma?.[c] ?? 1) * rstd * (dy[i]! - throughStats);
  });
};

export const bn_update: RefOp<"bn_update"> = ({ attrs, inputs, type, out }) => {
  const [running, stats] = inputs as [Float64Array, Float64Array];
  const channels = type.shape[1]!;
  const { momentum, count } = attrs;
  const unbiased = count > 1 ? count / (count - 1) : 1;
  for (let c = 0; c < channels; c++) {
    const mean = running[c]!;
    const variance = running[channels + c]!;
    out[c] = mean + momentum * (stats[c]! - mean);
    out[channels + c] = variance + momentum * (stats[2 * channels + c]! * unbiased - variance);
  }
};

export const row: RefOp<"row"> = ({ attrs, inputs, out }) => {
  const start = attrs.index * out.length;
  out.set(inputs[0]!.subarray(start, start + out.length));
};
