import type { DenseAttrs } from "../../../graph/types.ts";
import { axisBlocks } from "./tap-blocks.ts";

/** Taps first + every * j that see the pixel origin + advance * (m + j) of the source; some may lie beyond the kernel. */
export interface SourceBlock {
  readonly origin: number;
  readonly advance: number;
  readonly first: number;
  readonly every: number;
}

/** Pixels start + step * m of the result along one axis, and the blocks of taps that give to them; none: they are zero. */
export interface PixelClass {
  readonly start: number;
  readonly step: number;
  readonly blocks: readonly SourceBlock[];
}

/**
 * How a convolution, or its gradient by the input, falls into classes of pixels along one axis: see conv2d_strips.wesl.
 *
 * @param axis 0 vertical, 1 horizontal
 * @param size taps of a block; what is beyond the kernel then is the end of it, also backwards
 */
export function pixelClasses(
  attrs: DenseAttrs,
  kernels: readonly [number, number],
  axis: 0 | 1,
  size: number,
  backward: boolean,
): PixelClass[] {
  const stride = attrs.stride[axis];
  const kernel = kernels[axis];
  const blocks = axisBlocks({ kernel, stride, padding: attrs.padding[axis], dilation: attrs.dilation[axis] }, size);
  const step = blocks[0]!.step;
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);
  if (!backward) {
    return range(step).map((phase) => ({
      start: phase,
      step,
      blocks: blocks.map(({ first, every, origin }) => ({
        origin: origin + stride * phase,
        advance: stride * step,
        first,
        every,
      })),
    }));
  }
  // The tap j takes an output pixel phase + step * i to the input pixel origin + stride * phase + advance * (i + j). Seen from
  // the input pixel start + advance * m that is the output pixel with i = m + shift - j: the taps run backwards.
  const advance = stride * step;
  const last = size - 1;
  return range(advance).map((start) => ({
    start,
    step: advance,
    blocks: blocks.flatMap((block) =>
      range(step).flatMap((phase): SourceBlock[] => {
        const shift = (start - block.origin - stride * phase) / advance;
        if (!Number.isInteger(shift)) return [];
        return [
          {
            origin: phase + step * (shift - last),
            advance: step,
            first: block.first + block.every * last,
            every: -block.every,
          },
        ];
      }),
    ),
  }));
}
