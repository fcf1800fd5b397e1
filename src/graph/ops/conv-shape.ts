import { kernelDims } from "../kernel-dims.ts";
import type { Conv2dAttrs } from "../types.ts";
import { listText, requireShape } from "./def.ts";

/** Shape of the result of a convolution; checks everything the three convolution ops have in common. */
export function convShape(
  x: readonly number[],
  w: readonly number[],
  attrs: Conv2dAttrs,
): [number, number, number, number] {
  const [n, c, h, width] = x as [number, number, number, number];
  const [outChannels, perGroup, kh, kw] = kernelDims(w);
  const { groups, stride, padding, dilation } = attrs;
  requireShape(
    groups === 1 || groups === c,
    `groups is ${groups}; supported are 1 and the number of input channels (${c})`,
  );
  requireShape(
    perGroup === c / groups,
    `the weight ${listText(w)} takes ${perGroup} channels per group, but x ${listText(x)} has ${c} in ${groups} group(s)`,
  );
  requireShape(
    groups === 1 || outChannels === c,
    `a depthwise convolution yields one channel per input channel (${c}), but the weight is ${listText(w)}`,
  );
  const size = (axis: 0 | 1, input: number, kernel: number) => {
    const step = stride[axis];
    requireShape(
      [step, dilation[axis]].every((value) => Number.isInteger(value) && value >= 1) &&
        Number.isInteger(padding[axis]) &&
        padding[axis] >= 0,
      `stride ${listText(stride)}, padding ${listText(padding)} and dilation ${listText(dilation)} must be whole, stride and dilation positive`,
    );
    return Math.floor((input + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / step) + 1;
  };
  const outH = size(0, h, kh);
  const outW = size(1, width, kw);
  requireShape(
    outH > 0 && outW > 0,
    `the result is empty: x ${listText(x)}, weight ${listText(w)}, padding ${listText(padding)}, dilation ${listText(dilation)}`,
  );
  return [n, outChannels, outH, outW];
}
