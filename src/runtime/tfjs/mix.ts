import * as tf from "@tensorflow/tfjs-core";
import type { MixTerm } from "../../graph/types.ts";
import type { TfOp } from "./def.ts";
import { normalisedBy, rowOf } from "./norms.ts";
import { elementOf, scattered } from "./vectors.ts";
import { amongChannels, channelsOf, sumOf } from "./windows.ts";

/** The stats of a term's channels, [3, channels]; undefined where they are taken as they are. */
function statsOf({ start, norm }: MixTerm, inputs: readonly tf.Tensor[], channels: number): tf.Tensor | undefined {
  return norm && tf.slice(inputs[norm.stats]!, [0, start], [3, channels]);
}

/** A term's x̂: its channels normalised, without gamma and beta, or as they are. */
function normalOf(term: MixTerm, inputs: readonly tf.Tensor[], channels: number): tf.Tensor4D {
  const own = channelsOf(inputs[term.x] as tf.Tensor4D, term.start, channels);
  const stats = statsOf(term, inputs, channels);
  return stats ? (normalisedBy(own, stats) as tf.Tensor4D) : own;
}

const optional = (inputs: readonly tf.Tensor[], index: number | undefined): tf.Tensor | undefined =>
  index === undefined ? undefined : inputs[index]!;

const weightOf = ({ weight }: MixTerm, inputs: readonly tf.Tensor[]): tf.Tensor | undefined =>
  weight && elementOf(inputs[weight.vector]!, weight.index);

const times = (x: tf.Tensor, factor: tf.Tensor | undefined): tf.Tensor => (factor ? tf.mul(x, factor) : x);

export const mix: TfOp<"mix"> = ({ attrs: { channels, terms }, inputs }) =>
  sumOf(
    terms.map((term) => {
      const normal = times(normalOf(term, inputs, channels), optional(inputs, term.norm?.gamma));
      const beta = optional(inputs, term.norm?.beta);
      return times(beta ? tf.add(normal, beta) : normal, weightOf(term, inputs));
    }),
  );

export const mix_grad: TfOp<"mix_grad"> = ({ attrs: { channels, terms }, inputs: [dy, ...inputs], types }) => {
  const [n, , h, w] = types[0]!.shape as [number, number, number, number];
  const s0 = tf.sum(dy!, [0, 1, 2]);
  const rows = terms.flatMap((term) => {
    const s1 = tf.sum(tf.mul(dy!, normalOf(term, inputs, channels)), [0, 1, 2]);
    const stats = statsOf(term, inputs, channels);
    const rstd = stats ? rowOf(stats, 1) : tf.ones([channels]);
    const factor = times(times(rstd, optional(inputs, term.norm?.gamma)), weightOf(term, inputs));
    const none = tf.zeros([channels]);
    if (!stats || !term.norm?.batch) return [s1, factor, none, none];
    const share = tf.div(factor, n * h * w);
    const slope = tf.mul(rstd, s1);
    const constant = tf.mul(share, tf.sub(tf.mul(rowOf(stats, 0), slope), s0));
    return [s1, factor, tf.neg(tf.mul(share, slope)), constant];
  });
  return tf.stack([s0, ...rows]);
};

export const sample_dots: TfOp<"sample_dots"> = ({ attrs, inputs: [dy, ...inputs], types }) => {
  const { channels, terms, clip } = attrs;
  const [samples = 0] = types[0]!.shape;
  const dots = terms.map((term) => {
    const own = tf.sum(tf.mul(dy!, normalOf(term, inputs, channels)), [1, 2, 3]);
    return tf.sum(tf.clipByValue(tf.mul(own, samples), -clip, clip));
  });
  return tf.reshape(tf.stack(dots), [terms.length, 1]);
};

export const mix_dx: TfOp<"mix_dx"> = ({ attrs, inputs, type }) => {
  const x = inputs[0] as tf.Tensor4D;
  const terms = attrs.terms.map(({ start, channels, source, row, plain }) => {
    const dy = inputs[1 + 2 * source] as tf.Tensor4D;
    const g = inputs[2 + 2 * source]!;
    const direct = tf.mul(dy, rowOf(g, row));
    const linear = () => tf.add(tf.mul(channelsOf(x, start, channels), rowOf(g, row + 1)), rowOf(g, row + 2));
    return amongChannels((plain ? direct : tf.add(direct, linear())) as tf.Tensor4D, start, type.shape[1]!);
  });
  return sumOf(terms);
};

export const mix_dw: TfOp<"mix_dw"> = ({ attrs: { rows, size }, inputs }) =>
  scattered(
    rows.map(({ source, row, index }) => [index, tf.sum(rowOf(inputs[source]!, row))]),
    size,
  );
