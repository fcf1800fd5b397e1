import type { Load, TensorType, Value } from "../types.ts";
import { requireFlat } from "./check.ts";
import { type GraphWriter, requireShape } from "./def.ts";

/** Channels [start, end) of x that the branches of a bundle read. */
export interface ReadRange {
  readonly start: number;
  readonly end: number;
}

/** The smallest range that holds what every branch reads. */
export function readRange(branches: readonly { readonly start: number; readonly count: number }[]): ReadRange {
  return {
    start: Math.min(...branches.map(({ start }) => start)),
    end: Math.max(...branches.map(({ start, count }) => start + count)),
  };
}

/** How many inputs the load takes after x. */
export const loadInputs = ({ norm }: Load): number => (norm ? (norm.affine ? 3 : 1) : 0);

/** Checks the inputs of a load: stats of all of x, gamma and beta of the channels that are read. */
export function requireLoad(load: Load, inputs: readonly TensorType[], channels: number, range: ReadRange): void {
  requireShape(load.relu || !load.norm, "a batch norm is folded into a load together with the ReLU after it");
  const [stats, gamma, beta] = inputs;
  if (stats) requireFlat("stats", stats, [3, channels]);
  const read = range.end - range.start;
  if (gamma) requireFlat("gamma", gamma, [read]);
  if (beta) requireFlat("beta", beta, [read]);
}

/**
 * Gradients by x and by the load's inputs, from the gradient `d` by what the ReLU was applied to (channels of the range).
 *
 * @param inputs x and the load's inputs
 */
export function loadGradients(
  g: GraphWriter,
  load: Load,
  inputs: readonly Value[],
  range: ReadRange,
  d: Value,
): (Value | undefined)[] {
  const [x, stats, gamma, beta] = inputs as [Value, Value, Value?, Value?];
  const channels = g.type(x).shape[1]!;
  const read = range.end - range.start;
  if (!load.norm) {
    if (read === channels) return [d];
    return [pad(g, d, range.start, channels)];
  }
  const sums = g.add("mix_grad", gamma === undefined ? [d, x, stats] : [d, x, stats, gamma, beta!], {
    channels: read,
    terms: [
      {
        x: 0,
        start: range.start,
        norm: { stats: 1, batch: load.norm.batch, ...(gamma === undefined ? {} : { gamma: 2, beta: 3 }) },
      },
    ],
  });
  const dx = g.add("mix_dx", [x, d, sums], {
    terms: [{ start: range.start, channels: read, source: 0, row: 2, plain: !load.norm.batch }],
  });
  if (!load.norm.affine) return [dx, undefined];
  return [dx, undefined, g.add("row", [sums], { index: 1 }), g.add("row", [sums], { index: 0 })];
}

/** `d` on channels from `start` on among `channels`, zero elsewhere. */
function pad(g: GraphWriter, d: Value, start: number, channels: number): Value {
  const [n, count, h, w] = g.type(d).shape as [number, number, number, number];
  const zeros = (size: number): Value[] =>
    size === 0
      ? []
      : [g.add("fill", [], { type: { layout: "planes", dtype: "f32", shape: [n, size, h, w] }, value: 0 })];
  return g.add("concat", [...zeros(start), d, ...zeros(channels - start - count)], {});
}
