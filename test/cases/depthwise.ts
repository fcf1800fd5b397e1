import * as fc from "fast-check";
import { depthwiseRange } from "../../src/graph/ops/depthwise.ts";
import type { DepthwiseBranch } from "../../src/graph/types.ts";
import { type CaseBuilder, cases, type Data, integer, type OpCase, pair, samples } from "./case.ts";
import { type LoadKind, loadCase, normLoads, smoothLoads } from "./load.ts";

/** A bundle of depthwise convolutions: what `depthwiseCase` builds. */
export interface DepthwiseSettings {
  readonly samples: number;
  /** [height, width] of x. */
  readonly size: readonly [number, number];
  readonly branches: readonly DepthwiseBranch[];
  readonly stride: readonly [number, number];
  /** Channels of x that no branch reads, after those that are read. */
  readonly unread: number;
}

/** The bundle's result, its input loaded as `kind` says. */
export function depthwiseCase(b: CaseBuilder, settings: DepthwiseSettings, kind: LoadKind, data?: Data): OpCase {
  const { branches, stride } = settings;
  const range = depthwiseRange({ branches, stride, load: { relu: false } });
  const shape = [settings.samples, range.end + settings.unread, ...settings.size];
  const { x, load, inputs } = loadCase(b, kind, shape, range, data);
  const weights = branches.map(({ channels, kernel }, index) => b.param(`w${index}`, [channels, 1, ...kernel]));
  return b.done(b.g.add("depthwise", [x, ...inputs, ...weights], { branches, stride, load }), { smooth: !load.norm });
}

/** A square kernel that keeps the size, or, with a stride, its share of it. */
export function same(start: number, channels: number, side: number, dilation = 1): DepthwiseBranch {
  const padding = (dilation * (side - 1)) / 2;
  return {
    start,
    channels,
    kernel: [side, side],
    padding: [padding, padding],
    dilation: [dilation, dilation],
  };
}

/** Which channels a branch has: any, or whole quads. */
const anywhere = fc.record({ start: integer(0, 6), channels: integer(1, 9) });
const wholeQuads = fc
  .record({ start: integer(0, 2), channels: integer(1, 2) })
  .map(({ start, channels }) => ({ start: 4 * start, channels: 4 * channels }));

/** Branches as in search spaces, on the same and on other channels. */
const common = (place: typeof anywhere) =>
  fc.array(
    fc
      .tuple(place, fc.constantFrom(3, 5), integer(1, 2))
      .map(([{ start, channels }, side, dilation]) => same(start, channels, side, dilation)),
    { minLength: 1, maxLength: 4 },
  );

/** Any odd kernels and dilations that keep the size. */
const uncommon = (place: typeof anywhere) =>
  fc.array(
    fc.record({ place, half: pair(0, 3), dilation: pair(1, 3) }).map(
      ({ place: { start, channels }, half, dilation }): DepthwiseBranch => ({
        start,
        channels,
        kernel: [2 * half[0] + 1, 2 * half[1] + 1],
        padding: [half[0] * dilation[0], half[1] * dilation[1]],
        dilation,
      }),
    ),
    { minLength: 1, maxLength: 3 },
  );

/** A branch by itself, whose channels leave quads incomplete. */
const lone = fc
  .tuple(integer(1, 9), fc.constantFrom(3, 5), integer(1, 2))
  .map(([channels, side, dilation]) => [same(0, channels, side, dilation)]);

const siblings = (
  branches: fc.Arbitrary<readonly DepthwiseBranch[]>,
  stride: fc.Arbitrary<readonly [number, number]>,
): fc.Arbitrary<DepthwiseSettings> => fc.record({ samples, size: pair(1, 7), branches, stride, unread: integer(0, 3) });

const evenStride = integer(1, 2).map((step) => [step, step] as const);

const commonSiblings = siblings(fc.oneof(common(wholeQuads), common(anywhere), lone), evenStride);
const uncommonSiblings = siblings(fc.oneof(uncommon(wholeQuads), uncommon(anywhere)), pair(1, 3));

/** Any window on one branch. */
const oneWindow: fc.Arbitrary<DepthwiseSettings> = fc
  .record({
    samples,
    place: fc.oneof(anywhere, wholeQuads),
    kernel: pair(1, 5),
    padding: pair(0, 4),
    dilation: pair(1, 3),
    stride: pair(1, 3),
    extra: pair(0, 5),
    unread: integer(0, 3),
  })
  .map(({ place, kernel, padding, dilation, extra, ...rest }) => {
    const side = (axis: 0 | 1) =>
      Math.max(1, dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis]) + extra[axis];
    return { ...rest, size: [side(0), side(1)], branches: [{ ...place, kernel, padding, dilation }] };
  });

export const depthwiseCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  depthwise: cases(fc.tuple(commonSiblings, smoothLoads), (b, [settings, kind]) => depthwiseCase(b, settings, kind)),
  depthwise_norm: cases(fc.tuple(commonSiblings, normLoads), (b, [settings, kind]) => depthwiseCase(b, settings, kind)),
  depthwise_uncommon: cases(fc.tuple(fc.oneof(uncommonSiblings, oneWindow), smoothLoads), (b, [settings, kind]) =>
    depthwiseCase(b, settings, kind),
  ),
  depthwise_uncommon_norm: cases(fc.tuple(fc.oneof(uncommonSiblings, oneWindow), normLoads), (b, [settings, kind]) =>
    depthwiseCase(b, settings, kind),
  ),
};

/** What networks are made of, on sizes that fill strips and leave some incomplete. */
const largeSiblings: fc.Arbitrary<DepthwiseSettings> = fc.record({
  samples: integer(1, 4),
  size: pair(8, 35),
  branches: fc.oneof(common(wholeQuads), lone),
  stride: evenStride,
  unread: integer(0, 1).map((quad) => 4 * quad),
});

export const largeDepthwiseCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  depthwise_bundle_large: cases(fc.tuple(largeSiblings, fc.oneof(smoothLoads, normLoads)), (b, [settings, kind]) =>
    depthwiseCase(b, settings, kind),
  ),
};
