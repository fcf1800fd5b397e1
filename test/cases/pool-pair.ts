import * as fc from "fast-check";
import { flat, planes, type Window2d } from "../../src/graph/types.ts";
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
