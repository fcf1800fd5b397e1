import type { OpAttrs } from "../../graph/types.ts";
import { philox4x32 } from "../../random/philox.ts";
import { gumbel, seedKey } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import type { Feeds } from "../feeds.ts";
import type { RefOp } from "./def.ts";

type Draws = OpAttrs["gumbel_softmax"];

/** What one softmax of a `gumbel_softmax` is taken of: noise, to be added, and a factor for the sum. */
export interface Perturbation {
  readonly noise: Float64Array;
  readonly factor: number;
}

/** One for each sample; without samples a single one that changes nothing. */
export function perturbations({ index, samples }: Draws, size: number, step: Feeds["step"]): Perturbation[] {
  if (samples === 0) return [{ noise: new Float64Array(size), factor: 1 }];
  if (!step) throw new Error("the graph draws Gumbel noise: feeds.step says which");
  const key = seedKey(step.seed);
  // The device holds the temperature in single precision.
  const factor = 1 / Math.fround(step.temperature ?? 1);
  return Array.from({ length: samples }, (_, sample) => ({
    factor,
    noise: Float64Array.from({ length: size }, (_, element) => {
      const draw = sample * size + element;
      return gumbel(philox4x32([Math.floor(draw / 4), step.step, STREAMS.gumbel, index], key)[draw % 4]!);
    }),
  }));
}

function softmaxOf(a: Float64Array, { noise, factor }: Perturbation): Float64Array {
  const z = a.map((value, i) => (value + noise[i]!) * factor);
  const largest = Math.max(...z);
  const exp = z.map((value) => Math.exp(value - largest));
  const sum = exp.reduce((total, value) => total + value, 0);
  return exp.map((value) => value / sum);
}

const joined = (vectors: readonly Float64Array[]) => Float64Array.from(vectors.flatMap((vector) => [...vector]));

export const gumbel_softmax: RefOp<"gumbel_softmax"> = ({ attrs, inputs, step, out }) => {
  const all = perturbations(attrs, out.length, step);
  for (const each of all) {
    softmaxOf(joined(inputs), each).forEach((value, i) => {
      out[i]! += value / all.length;
    });
  }
};

export const gumbel_softmax_dx: RefOp<"gumbel_softmax_dx"> = ({ attrs, inputs: [dy, ...vectors], step, out }) => {
  const all = perturbations(attrs, out.length, step);
  for (const each of all) {
    const y = softmaxOf(joined(vectors), each);
    const mean = y.reduce((sum, value, i) => sum + value * dy![i]!, 0);
    y.forEach((value, i) => {
      out[i]! += (each.factor * value * (dy![i]! - mean)) / all.length;
    });
  }
};

export const sort_descending: RefOp<"sort_descending"> = ({ inputs, out }) => {
  out.set(inputs[0]!.toSorted((a, b) => b - a));
};
