import * as fc from "fast-check";
import { planes } from "../../src/graph/types.ts";
import { cases, integer, pair } from "./case.ts";

/** Sibling dense convolutions: outputs of each, at times such that they fill their quads. */
const settings = (sizes: { readonly extra: number; readonly channels: number }) =>
  fc
    .record({
      samples: integer(1, 3),
      channels: integer(1, sizes.channels),
      outputs: fc.oneof(
        fc.array(integer(1, 7), { minLength: 1, maxLength: 4 }),
        fc.array(fc.constantFrom<number>(4, 8), { minLength: 2, maxLength: 4 }),
      ),
      extra: pair(0, sizes.extra),
      kernel: pair(1, 4),
      stride: pair(1, 3),
      padding: pair(0, 3),
      dilation: pair(1, 2),
    })
    .map(({ samples, channels, extra, ...rest }) => {
      const size = (axis: 0 | 1) =>
        Math.max(1, rest.dilation[axis] * (rest.kernel[axis] - 1) + 1 - 2 * rest.padding[axis]) + extra[axis];
      return { ...rest, shape: [samples, channels, size(0), size(1)] };
    });

const denseCase = (sizes: { readonly extra: number; readonly channels: number }) =>
  cases(settings(sizes), (b, { shape, outputs, kernel, stride, padding, dilation }) => {
    const x = b.input("x", planes(shape));
    const weights = outputs.map((own, index) => b.param(`w${index}`, [own, shape[1]!, ...kernel]));
    return b.done(b.g.add("dense", [x, ...weights], { stride, padding, dilation }));
  });

export const denseCases = { dense: denseCase({ extra: 5, channels: 6 }) };
export const largeDenseCases = { dense_large: denseCase({ extra: 30, channels: 9 }) };
