import { elements, type OpName, planes } from "../../graph/types.ts";
import { bn_update } from "./batch-norm.ts";
import { at4, forEach4, type RefContext, type RefOp } from "./def.ts";
import { avg_pool, avg_pool_dx, max_pool, max_pool_dx } from "./pool.ts";
import { channel_slice, concat } from "./shape.ts";

/** The result of another op's definition. */
function evaluate<K extends OpName>(op: RefOp<K>, context: Omit<RefContext<K>, "out" | "step">): Float64Array {
  const out = new Float64Array(elements(context.type));
  op({ ...context, out, step: undefined });
  return out;
}

export const pool_pair: RefOp<"pool_pair"> = (context) => {
  const { attrs, inputs, types } = context;
  const [n, channels, h, w] = context.type.shape as [number, number, number, number];
  const half = planes([n, channels / 2, h, w]);
  const largest = evaluate<"max_pool">(max_pool, { attrs, inputs, types, type: half });
  const mean = evaluate<"avg_pool">(avg_pool, { attrs, inputs, types, type: half });
  concat({ ...context, attrs: {}, inputs: [largest, mean], types: [half, half] });
};

export const pool_pair_dx: RefOp<"pool_pair_dx"> = ({ attrs, inputs, types, type, out }) => {
  const [dy, argmax] = inputs as [Float64Array, Float64Array];
  const [wide, narrow] = types as [(typeof types)[0], (typeof types)[0]];
  const half = planes(narrow.shape);
  const count = narrow.shape[1]!;
  const [dMax, dAvg] = [0, count].map((start) =>
    evaluate(channel_slice, { attrs: { start, count }, inputs: [dy], types: [wide], type: half }),
  ) as [Float64Array, Float64Array];
  const byMax = evaluate(max_pool_dx, { attrs, inputs: [dMax, argmax], types: [half, narrow], type });
  const byAvg = evaluate(avg_pool_dx, { attrs, inputs: [dAvg], types: [half], type });
  for (let i = 0; i < out.length; i++) out[i] = byMax[i]! + byAvg[i]!;
};

export const pool_pair_mix_dx: RefOp<"pool_pair_mix_dx"> = (context) => {
  const { attrs, inputs, types } = context;
  const [n, channels, h, w] = types[0]!.shape as [number, number, number, number];
  const wide = planes([n, 2 * channels, h, w]);
  const terms = attrs.terms.flatMap(({ largest, mean, ...term }) => [
    ...(largest === undefined ? [] : [{ ...term, row: largest }]),
    ...(mean === undefined ? [] : [{ ...term, start: channels + term.start, row: mean }]),
  ]);
  const dy = new Float64Array(elements(wide));
  for (const { start, source, row, channels: count } of terms) {
    const gradient = inputs[1 + 2 * source]!;
    forEach4(types[1 + 2 * source]!.shape, (image, c, y, x, i) => {
      dy[at4(wide.shape, image, start + c, y, x)]! += inputs[2 + 2 * source]![row * count + c]! * gradient[i]!;
    });
  }
  pool_pair_dx({ ...context, attrs, inputs: [dy, inputs[0]!], types: [wide, types[0]!] });
};

export const flat_slice: RefOp<"flat_slice"> = ({ attrs, inputs, out }) => {
  out.set(inputs[0]!.subarray(attrs.start, attrs.start + out.length));
};

export const columns: RefOp<"columns"> = ({ attrs, inputs, types, type, out }) => {
  const [rows, count] = type.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    const from = row * types[0]!.shape[1]! + attrs.start;
    out.set(inputs[0]!.subarray(from, from + count), row * count);
  }
};

export const bn_updates: RefOp<"bn_updates"> = ({ attrs, inputs, types, out }) => {
  let done = 0;
  for (const [index, { stats, start, momentum, count }] of attrs.updates.entries()) {
    const type = types[index]!;
    const channels = type.shape[1]!;
    const statsType = { ...type, shape: [3, channels] };
    const own = evaluate(columns, {
      attrs: { start, count: channels },
      inputs: [inputs[stats]!],
      types: [types[stats]!],
      type: statsType,
    });
    const updated = evaluate(bn_update, {
      attrs: { momentum, count },
      inputs: [inputs[index]!, own],
      types: [type, statsType],
      type,
    });
    out.set(updated, done);
    done += updated.length;
  }
};
