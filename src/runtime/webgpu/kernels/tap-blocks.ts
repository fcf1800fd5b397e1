type Pair = readonly [number, number];

/**
 * Taps first + every * j of a kernel along one axis, at most `size` of them. The output pixels phase + step * i, where
 * 0 <= phase < step, read the input pixels origin + stride * (phase + step * i) + stride * step * j through them.
 */
export interface AxisBlock {
  readonly first: number;
  readonly every: number;
  readonly origin: number;
  readonly step: number;
}

/** Blocks of both axes, [vertical, horizontal]. */
export type TapBlock = readonly [AxisBlock, AxisBlock];

/** A window along one axis, or per axis [vertical, horizontal]. */
export interface Window<T> {
  readonly kernel: T;
  readonly stride: T;
  readonly padding: T;
  readonly dilation: T;
}

/**
 * Cuts a window into blocks of taps that behave like those of a convolution of stride 1: among taps as far apart as the
 * least common multiple of stride and dilation, one sees from an output pixel what the one before sees from the next
 * pixel. With stride 1 that is every tap.
 *
 * @param size taps per axis that a thread takes
 */
export function tapBlocks({ kernel, stride, padding, dilation }: Window<Pair>, size: number): TapBlock[] {
  const [rows, columns] = ([0, 1] as const).map((axis) =>
    axisBlocks({ kernel: kernel[axis], stride: stride[axis], padding: padding[axis], dilation: dilation[axis] }, size),
  ) as [AxisBlock[], AxisBlock[]];
  return rows.flatMap((row) => columns.map((column): TapBlock => [row, column]));
}

/** `tapBlocks` of one axis. */
export function axisBlocks({ kernel, stride, padding, dilation }: Window<number>, size: number): AxisBlock[] {
  const common = gcd(stride, dilation);
  const every = stride / common;
  const step = dilation / common;
  const blocks: AxisBlock[] = [];
  for (let residue = 0; residue < Math.min(every, kernel); residue++) {
    for (let first = residue; first < kernel; first += every * size) {
      blocks.push({ first, every, origin: first * dilation - padding, step });
    }
  }
  return blocks;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

/** Taps of an axis that lie in a block of `size`. */
export const tapsIn = ({ first, every }: Pick<AxisBlock, "first" | "every">, kernel: number, size: number): number =>
  Math.min(size, Math.ceil((kernel - first) / every));
