import * as fc from "fast-check";
import { flat, type PoolTerm, planes, type Window2d } from "../../src/graph/types.ts";
import { cases, channels, fewValues, gridData, integer, pooling, positiveData } from "./case.ts";

/** The windows of every search space, on sizes that cut strips of columns in all ways. */
const common = fc
  .record({
    n: integer(1, 3),
    c: fc.constantFrom(3, 4, 8),
    h: integer(1, 11),
    w: integer(1, 11),
    step: integer(1, 2),
  })
  .map(({ n, c, h, w, step }) => ({
    shape: [n, c, h, w],
    window: { kernel: [3, 3], stride: [step, step], padding: [1, 1] } satisfies Window2d,
  }));

/**
 * Gradients of sums that took pools: each of its channels at up to three places of the state, at times only one of the pools;
 * starts are multiples of `unit`.
 */
const taken = (unit: number) =>
  fc.record({
    unit: fc.constant(unit),
    channels: integer(1, 5),
    sources: fc.array(
      fc.array(fc.record({ gap: integer(0, 2), largest: fc.option(integer(0, 3)), mean: fc.option(integer(0, 3)) }), {
        maxLength: 3,
      }),
      { minLength: 1, maxLength: 5 },
    ),
    rest: integer(0, 3),
  });

/** Tensors of statistics with their columns, and updates: channels, the tensor and how far into what remains they start. */
const updates = fc.record({
  widths: fc.array(integer(9, 20), { minLength: 1, maxLength: 9 }),
  updates: fc.array(fc.record({ channels, stats: integer(0, 8), start: integer(0, 11), count: integer(1, 50) }), {
    minLength: 1,
    maxLength: 40,
  }),
});

/** Both pools of a state as one op, and what takes wide results apart. */
export const poolPairCases = {
  pool_pair: cases(pooling, (b, { shape, window }) =>
    b.done(b.g.add("pool_pair", [b.input("x", planes(shape), gridData)], window)),
  ),
  pool_pair_common: cases(common, (b, { shape, window }) =>
    b.done(b.g.add("pool_pair", [b.input("x", planes(shape), gridData)], window)),
  ),
  pool_pair_ties: cases(fc.oneof(common, pooling), (b, { shape, window }) =>
    b.done(b.g.add("pool_pair", [b.input("x", planes(shape), fewValues)], window), { smooth: false }),
  ),
  pool_pair_mix_dx: cases(
    fc.tuple(fc.oneof(common, pooling), fc.oneof(taken(4), taken(4), taken(1))),
    (b, [{ shape, window }, { unit, channels: count, sources, rest }]) => {
      const channels = unit === 1 ? count : unit * Math.ceil(count / 2);
      let all = channels;
      const terms = sources.flatMap((places, source) => {
        let end = 0;
        return places.map(({ gap, largest, mean }): PoolTerm => {
          const start = end + unit * gap;
          end = start + channels;
          all = Math.max(all, end);
          return { start, channels, source, ...(largest !== null && { largest }), ...(mean !== null && { mean }) };
        });
      });
      const [n, , h, w] = shape as [number, number, number, number];
      const x = b.constant("x", planes([n, all + unit * rest, h, w]), gridData);
      const argmax = b.g.add("max_pool_argmax", [x], window);
      const [, , ...size] = b.g.type(argmax).shape;
      const pairs = sources.flatMap((_, s) => [
        b.constant(`dy${s}`, planes([n, channels, ...size])),
        b.constant(`g${s}`, flat([4, channels])),
      ]);
      return b.done(b.g.add("pool_pair_mix_dx", [argmax, ...pairs], { ...window, shape: b.g.type(x).shape, terms }));
    },
  ),
  flat_slice: cases(fc.tuple(integer(0, 30), channels, integer(0, 30)), (b, [start, rows, rest]) => {
    const x = b.constant("x", flat([start + 3 * rows + rest]));
    return b.done(b.g.add("flat_slice", [x], { start, shape: [rows, 3] }));
  }),
  columns: cases(fc.tuple(integer(0, 30), channels, integer(0, 30)), (b, [start, count, rest]) => {
    const x = b.constant("x", flat([3, start + count + rest]));
    return b.done(b.g.add("columns", [x], { start, count }));
  }),
  bn_updates: cases(updates, (b, { widths, updates }) => {
    const running = updates.map(({ channels }, index) => b.constant(`r${index}`, flat([2, channels])));
    const stats = widths.map((width, index) => b.constant(`s${index}`, flat([3, width]), positiveData));
    const attrs = updates.map(({ channels, stats, start, count }, index) => ({
      stats: updates.length + (stats % widths.length),
      start: start % (widths[stats % widths.length]! - channels + 1),
      momentum: 0.1 + index / 100,
      count,
    }));
    return b.done(b.g.add("bn_updates", [...running, ...stats], { updates: attrs }));
  }),
};
