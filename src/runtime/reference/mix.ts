import { mixRow } from "../../graph/ops/mix.ts";
import type { MixTerm, TensorType } from "../../graph/types.ts";
import { at4, forEach4, type RefOp } from "./def.ts";

/** Statistics of channel `c` of a term's result: (x - mean) * rstd is its x̂; without a norm x itself is. */
function moments({ start, norm }: MixTerm, inputs: readonly Float64Array[], types: readonly TensorType[], c: number) {
  if (!norm) return { mean: 0, rstd: 1 };
  const stats = inputs[norm.stats]!;
  const channels = types[norm.stats]!.shape[1]!;
  return { mean: stats[start + c]!, rstd: stats[channels + start + c]! };
}

const weightOf = ({ weight }: MixTerm, inputs: readonly Float64Array[]): number =>
  weight ? inputs[weight.vector]![weight.index]! : 1;

export const mix: RefOp<"mix"> = ({ attrs, inputs, types, type, out }) => {
  for (const term of attrs.terms) {
    const weight = weightOf(term, inputs);
    const x = inputs[term.x]!;
    const gamma = term.norm?.gamma === undefined ? undefined : inputs[term.norm.gamma]!;
    const beta = term.norm?.beta === undefined ? undefined : inputs[term.norm.beta]!;
    forEach4(type.shape, (n, c, h, w, i) => {
      const { mean, rstd } = moments(term, inputs, types, c);
      const normal = (x[at4(types[term.x]!.shape, n, term.start + c, h, w)]! - mean) * rstd;
      out[i]! += weight * (normal * (gamma?.[c] ?? 1) + (beta?.[c] ?? 0));
    });
  }
};

export const mix_grad: RefOp<"mix_grad"> = ({ attrs, inputs: [dy, ...inputs], types: [type, ...types], out }) => {
  const { channels, terms } = attrs;
  const [n, , h, w] = type!.shape as [number, number, number, number];
  forEach4(type!.shape, (_n, c, _h, _w, i) => {
    out[c]! += dy![i]!;
  });
  terms.forEach((term, t) => {
    const row = mixRow(t) * channels;
    const x = inputs[term.x]!;
    forEach4(type!.shape, (image, c, y, column, i) => {
      const { mean, rstd } = moments(term, inputs, types, c);
      const normal = (x[at4(types[term.x]!.shape, image, term.start + c, y, column)]! - mean) * rstd;
      out[row + c]! += dy![i]! * normal;
    });
    for (let c = 0; c < channels; c++) {
      const { mean, rstd } = moments(term, inputs, types, c);
      const gamma = term.norm?.gamma === undefined ? 1 : inputs[term.norm.gamma]![c]!;
      const factor = weightOf(term, inputs) * gamma * rstd;
      out[row + channels + c] = factor;
      if (!term.norm?.batch) continue;
      const s0 = out[c]!;
      const s1 = out[row + c]!;
      out[row + 2 * channels + c] = (-factor * rstd * s1) / (n * h * w);
      out[row + 3 * channels + c] = (factor * (mean * rstd * s1 - s0)) / (n * h * w);
    }
  });
};

export const sample_dots: RefOp<"sample_dots"> = ({ attrs, inputs: [dy, ...inputs], types: [type, ...types], out }) => {
  const { terms, clip } = attrs;
  const [samples] = type!.shape as [number];
  terms.forEach((term, t) => {
    const dots = new Float64Array(samples);
    const x = inputs[term.x]!;
    forEach4(type!.shape, (n, c, h, w, i) => {
      const { mean, rstd } = moments(term, inputs, types, c);
      const normal = (x[at4(types[term.x]!.shape, n, term.start + c, h, w)]! - mean) * rstd;
      dots[n]! += samples * dy![i]! * normal;
    });
    for (const dot of dots) out[t]! += Math.min(Math.max(dot, -clip), clip);
  });
};

export const mix_dx: RefOp<"mix_dx"> = ({ attrs, inputs, types, type, out }) => {
  const x = inputs[0]!;
  for (const { start, channels, source, row } of attrs.terms) {
    const dy = inputs[1 + 2 * source]!;
    const g = inputs[2 + 2 * source]!;
    forEach4(types[1 + 2 * source]!.shape, (n, c, h, w, i) => {
      const at = at4(type.shape, n, start + c, h, w);
      const [a, b, constant] = [0, 1, 2].map((k) => g[(row + k) * channels + c]!);
      out[at]! += a! * dy[i]! + b! * x[at]! + constant!;
    });
  }
};

export const mix_dw: RefOp<"mix_dw"> = ({ attrs, inputs, types, out }) => {
  for (const { source, row, index } of attrs.rows) {
    const channels = types[source]!.shape[1]!;
    for (let c = 0; c < channels; c++) out[index]! += inputs[source]![row * channels + c]!;
  }
};
