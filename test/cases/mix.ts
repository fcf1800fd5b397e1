import * as fc from "fast-check";
import { flat, type MixTerm, planes, type Value } from "../../src/graph/types.ts";
import type { Rng } from "../../src/random/rng.ts";
import {
  type CaseBuilder,
  cases,
  channels,
  type Data,
  gridData,
  integer,
  type OpCase,
  offsetData,
  positiveData,
  samples,
  size,
  uniformData,
} from "./case.ts";

type Norm = "none" | "batch" | "running" | "batch_affine" | "running_affine";

interface TermSettings {
  /** Which tensor it takes its channels from, and from where on: both modulo what there is. */
  readonly x: number;
  readonly start: number;
  readonly norm: Norm;
  /** Element of a weight vector, unless the norm is affine. */
  readonly weight?: { readonly vector: number; readonly index: number };
}

/** A sum of terms: what `mixCase` builds. */
export interface MixSettings {
  /** [N, H, W]. */
  readonly size: readonly [number, number, number];
  readonly channels: number;
  /** Channels that each tensor has beyond those of the result. */
  readonly tensors: readonly number[];
  readonly terms: readonly TermSettings[];
  /** Affine terms with the same tensor and start have the same gamma and beta. */
  readonly shared: boolean;
  /** Starts are multiples of this. */
  readonly unit: number;
  /** Of the first weight vector. */
  readonly clip?: number;
}

/** Elements of each of the two weight vectors. */
const WEIGHTS = 5;

/** The sum; inputs that no term names do not exist. */
export function mixCase(b: CaseBuilder, settings: MixSettings, data: Data = gridData): OpCase {
  const [n, h, w] = settings.size;
  const values: Value[] = [];
  const indices = new Map<string, number>();
  const input = (name: string, make: () => Value): number => {
    let index = indices.get(name);
    if (index === undefined) {
      index = values.push(make()) - 1;
      indices.set(name, index);
    }
    return index;
  };
  const terms = settings.terms.map(({ x, start, norm, weight }, t): MixTerm => {
    const tensor = x % settings.tensors.length;
    const extra = settings.tensors[tensor]!;
    const all = settings.channels + extra;
    const activation = input(`x${tensor}`, () => b.input(`x${tensor}`, planes([n, all, h, w]), data));
    const from = (start % (Math.floor(extra / settings.unit) + 1)) * settings.unit;
    const affine = norm.endsWith("affine");
    const factor = weight &&
      !affine && {
        weight: {
          vector: input(`w${weight.vector}`, () => b.param(`w${weight.vector}`, [WEIGHTS])),
          index: weight.index,
          ...(weight.vector === 0 && settings.clip !== undefined && { clip: settings.clip }),
        },
      };
    if (norm === "none") return { x: activation, start: from, ...factor };
    const batch = norm.startsWith("batch");
    const stats = input(`${batch ? "batch" : "running"}${tensor}`, () =>
      batch
        ? b.g.add("bn_stats", [values[activation]!], { eps: 1e-5 })
        : b.g.add("bn_running", [b.constant(`running${tensor}`, flat([2, all]), positiveData)], { eps: 1e-5 }),
    );
    if (!affine) return { x: activation, start: from, norm: { stats, batch }, ...factor };
    const name = settings.shared ? `${tensor}_${from}` : `${t}`;
    const gamma = input(`gamma${name}`, () => b.param(`gamma${name}`, [settings.channels]));
    const beta = input(`beta${name}`, () => b.param(`beta${name}`, [settings.channels]));
    return { x: activation, start: from, norm: { stats, batch, gamma, beta } };
  });
  const y = b.g.add("mix", values, { channels: settings.channels, terms });
  // Clipped gradients are not derivatives.
  return b.done(y, settings.clip === undefined ? {} : { smooth: false });
}

const term: fc.Arbitrary<TermSettings> = fc.record({
  x: integer(0, 8),
  start: integer(0, 9),
  norm: fc.constantFrom<Norm>("none", "batch", "batch", "running", "batch_affine", "running_affine"),
  weight: fc.option(fc.record({ vector: integer(0, 1), index: integer(0, WEIGHTS - 1) }), { nil: undefined }),
});

const anySize = fc.tuple(samples, size, size);

/** Any numbers of channels and any starts. */
const anyMix: fc.Arbitrary<MixSettings> = fc.record({
  size: anySize,
  channels,
  tensors: fc.array(integer(0, 9), { minLength: 1, maxLength: 4 }),
  terms: fc.array(term, { minLength: 1, maxLength: 6 }),
  shared: fc.boolean(),
  unit: fc.constant(1),
});

/** Whole quads from more tensors than a dispatch may bind, as a node of a supernet sums them. */
const quadMix: fc.Arbitrary<MixSettings> = fc.record({
  size: anySize,
  channels: fc.constantFrom(4, 8),
  tensors: fc.array(fc.constantFrom(0, 4, 8), { minLength: 1, maxLength: 9 }),
  terms: fc.array(term, { minLength: 1, maxLength: 20 }),
  shared: fc.boolean(),
  unit: fc.constant(4),
});

/** Tensors as they are: the sum of a state's gradients, with an odd number of channels at times. */
const plainMix: fc.Arbitrary<MixSettings> = fc
  .record({ size: anySize, channels, tensors: integer(1, 9), weighted: fc.boolean() })
  .map(({ size, channels, tensors, weighted }) => ({
    size,
    channels,
    tensors: Array.from({ length: tensors }, () => 0),
    terms: Array.from({ length: tensors }, (_, x) => ({
      x,
      start: 0,
      norm: "none",
      ...(weighted && { weight: { vector: 0, index: x % WEIGHTS } }),
    })),
    shared: false,
    unit: 1,
  }));

/** Bounds that cut some products, all or none. */
const clips = fc.constantFrom(0.01, 1, 5, 1000);

const clipped = (settings: fc.Arbitrary<MixSettings>): fc.Arbitrary<MixSettings> =>
  fc.tuple(settings, clips).map(([all, clip]) => ({ ...all, clip }));

/** Gradients by one tensor of several sums: ranges of channels that overlap or leave gaps, in any order. */
const pieces = (unit: number) =>
  fc.record({
    size: anySize,
    unit: fc.constant(unit),
    channels: integer(1, 5),
    gaps: fc.array(integer(-2, 2), { minLength: 1, maxLength: 7 }),
    rest: integer(0, 3),
    sources: fc.array(integer(0, 3), { minLength: 7, maxLength: 7 }),
    rows: fc.array(integer(0, 3), { minLength: 7, maxLength: 7 }),
    reversed: fc.boolean(),
  });

/** The gradient whose factors have nothing but A. */
const PLAIN_SOURCE = 3;

const mixDx = cases(fc.oneof(pieces(1), pieces(4)), (b, settings) => {
  const { unit, gaps, rest, sources, rows } = settings;
  const [n, h, w] = settings.size;
  const channels = unit === 1 ? settings.channels : unit * Math.ceil(settings.channels / 2);
  let end = 0;
  const terms = gaps.map((gap, t) => {
    const start = Math.max(0, end + unit * gap);
    end = Math.max(end, start + channels);
    const plain = sources[t] === PLAIN_SOURCE;
    return { start, channels, source: sources[t]!, row: plain ? 0 : rows[t]!, plain };
  });
  const x = b.constant("x", planes([n, end + rest, h, w]));
  const plainRows = (rng: Rng, count: number) => uniformData(rng, count).fill(0, channels);
  const pairs = [0, 1, 2, PLAIN_SOURCE].flatMap((source) => [
    b.constant(`dy${source}`, planes([n, channels, h, w])),
    b.constant(`g${source}`, flat([6, channels]), source === PLAIN_SOURCE ? plainRows : uniformData),
  ]);
  return b.done(b.g.add("mix_dx", [x, ...pairs], { terms: settings.reversed ? terms.reverse() : terms }));
});

/** More rows and matrices than one dispatch takes, elements without any. */
const mixDw = cases(
  fc.tuple(channels, integer(1, 80), integer(1, 9), integer(1, 8)),
  (b, [c, count, size, matrices]) => {
    const sources = Array.from({ length: matrices }, (_, index) => b.constant(`g${index}`, flat([11, c + index])));
    const rows = Array.from({ length: count }, (_, i) => ({
      source: (3 * i) % matrices,
      row: (7 * i) % 11,
      index: (5 * i) % size,
    }));
    return b.done(b.g.add("mix_dw", sources, { rows, size: size + 1 }));
  },
);

export const mixCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  mix: cases(anyMix, (b, settings) => mixCase(b, settings)),
  mix_quads: cases(quadMix, (b, settings) => mixCase(b, settings)),
  mix_dx: mixDx,
  mix_dw: mixDw,
  mix_plain: cases(plainMix, (b, settings) => mixCase(b, settings)),
  mix_clipped: cases(clipped(anyMix), (b, settings) => mixCase(b, settings)),
  mix_quads_clipped: cases(clipped(quadMix), (b, settings) => mixCase(b, settings)),
  weighted_sum_clipped: cases(
    fc.tuple(samples, channels, size, size, integer(1, 9), clips),
    (b, [n, c, h, w, count, clip]) => {
      const weights = b.param("w", [WEIGHTS]);
      const terms = Array.from({ length: count }, (_, index) => b.input(`x${index}`, planes([n, c, h, w])));
      const indices = terms.map((_, index) => (3 * index) % WEIGHTS);
      return b.done(b.g.add("weighted_sum", [weights, ...terms], { indices, clip }), { smooth: false });
    },
  ),
};

/** Sums over thousands of pixels that are far from zero. */
const largeMix: fc.Arbitrary<MixSettings> = fc.record({
  size: fc.tuple(integer(1, 4), integer(8, 33), integer(8, 33)),
  channels: fc.constantFrom(5, 8, 12),
  tensors: fc.array(fc.constantFrom(0, 4), { minLength: 1, maxLength: 9 }),
  terms: fc.array(term, { minLength: 1, maxLength: 12 }),
  shared: fc.constant(false),
  unit: fc.constant(4),
});

export const largeMixCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  mix_large: cases(largeMix, (b, settings) => mixCase(b, settings, offsetData)),
  mix_clipped_large: cases(clipped(largeMix), (b, settings) => mixCase(b, settings, offsetData)),
};
