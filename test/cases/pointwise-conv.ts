import * as fc from "fast-check";
import type { PointwiseBranch } from "../../src/graph/types.ts";
import { type CaseBuilder, cases, type Data, integer, type OpCase, pair, samples } from "./case.ts";
import { type LoadKind, loadCase, normLoads, smoothLoads } from "./load.ts";

/** A bundle of 1x1 convolutions: what `pointwiseCase` builds. */
export interface PointwiseSettings {
  readonly samples: number;
  /** [height, width] of the result. */
  readonly size: readonly [number, number];
  readonly branches: readonly PointwiseBranch[];
  readonly stride: readonly [number, number];
  /** Channels, rows and columns of x that no branch reads, after those that are read. */
  readonly unread: readonly [number, number, number];
}

/** The bundle's result, its input loaded as `kind` says. */
export function pointwiseCase(b: CaseBuilder, settings: PointwiseSettings, kind: LoadKind, data?: Data): OpCase {
  const { branches, size, stride, unread } = settings;
  const side = (axis: 0 | 1) =>
    Math.max(...branches.map(({ offset }) => offset[axis])) + stride[axis] * (size[axis] - 1) + 1 + unread[1 + axis]!;
  const end = Math.max(...branches.map(({ start, inputs }) => start + inputs));
  const range = { start: Math.min(...branches.map(({ start }) => start)), end };
  const shape = [settings.samples, end + unread[0], side(0), side(1)];
  const { x, load, inputs } = loadCase(b, kind, shape, range, data);
  const weights = branches.map((branch, index) => b.param(`w${index}`, [branch.outputs, branch.inputs, 1, 1]));
  return b.done(b.g.add("pointwise", [x, ...inputs, ...weights], { branches, stride, load, size }), {
    smooth: !load.norm,
  });
}

/** Branches with the same, overlapping and separate channels; all numbers of channels multiples of `unit`. */
const branches = (unit: number, most: number) =>
  fc.array(
    fc
      .record({ start: integer(0, most), inputs: integer(1, most), outputs: integer(1, most), offset: pair(0, 1) })
      .map(({ start, inputs, outputs, offset }) => ({
        start: unit * start,
        inputs: unit * inputs,
        outputs: unit * outputs,
        offset,
      })),
    { minLength: 1, maxLength: 4 },
  );

const unread = fc.tuple(integer(0, 3), integer(0, 1), integer(0, 1));

/** Any strides, offsets and channels. */
const anyPointwise: fc.Arbitrary<PointwiseSettings> = fc.record({
  samples,
  size: pair(1, 4),
  branches: fc.oneof(branches(1, 7), branches(4, 2)),
  stride: pair(1, 2),
  unread,
});

/** Every pixel of x becomes one of the result: what kernels have short ways for. */
const wholePointwise: fc.Arbitrary<PointwiseSettings> = anyPointwise.map((settings) => ({
  ...settings,
  stride: [1, 1],
  branches: settings.branches.map((branch) => ({ ...branch, offset: [0, 0] })),
  unread: [settings.unread[0], 0, 0],
}));

/** Many branches on thousands of pixels. */
const manyPixels: fc.Arbitrary<PointwiseSettings> = fc.record({
  samples: integer(1, 3),
  size: pair(20, 40),
  branches: fc.array(
    fc.record({ start: integer(0, 5), inputs: integer(1, 3), outputs: integer(1, 4) }).map(
      ({ start, inputs, outputs }): PointwiseBranch => ({
        start: 4 * start,
        inputs: 4 * inputs,
        outputs: 4 * outputs,
        offset: [0, 0],
      }),
    ),
    { minLength: 4, maxLength: 8 },
  ),
  stride: fc.constant([1, 1] as const),
  unread: fc.constant([0, 0, 0] as const),
});

/** Sizes at which threads have many pixels and tiles take several rounds. */
export const largePointwise: fc.Arbitrary<OpCase> = cases(
  fc.tuple(manyPixels, fc.constantFrom<LoadKind>("relu", "batch_affine")),
  (b, [settings, kind]) => pointwiseCase(b, settings, kind),
);

export const pointwiseCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  pointwise: cases(fc.tuple(wholePointwise, smoothLoads), (b, [settings, kind]) => pointwiseCase(b, settings, kind)),
  pointwise_strided: cases(fc.tuple(anyPointwise, smoothLoads), (b, [settings, kind]) =>
    pointwiseCase(b, settings, kind),
  ),
  pointwise_norm: cases(fc.tuple(wholePointwise, normLoads), (b, [settings, kind]) => pointwiseCase(b, settings, kind)),
  pointwise_strided_norm: cases(fc.tuple(anyPointwise, normLoads), (b, [settings, kind]) =>
    pointwiseCase(b, settings, kind),
  ),
};
