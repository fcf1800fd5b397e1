import type { DepthwiseBranch } from "../../../graph/types.ts";
import type { Tuning } from "../kernel.ts";

type Pair = readonly [number, number];

/** A branch and where its channels lie. */
export interface BundleBranch extends DepthwiseBranch {
  /** First channel in the result. */
  readonly result: number;
  /** First element of the weight in the span of all. */
  readonly weight: number;
}

/**
 * Branches one after another in the result.
 *
 * @param weights offsets of their weights
 */
export function placed(branches: readonly DepthwiseBranch[], weights: readonly number[]): BundleBranch[] {
  let end = 0;
  return branches.map((branch, index) => {
    end += branch.channels;
    return { ...branch, result: end - branch.channels, weight: weights[index]! };
  });
}

/** Multiplications plus additions of branches with results of so many pixels. */
export const branchFlops = (branches: readonly DepthwiseBranch[], pixels: number): number =>
  branches.reduce((sum, { channels, kernel: [kh, kw] }) => sum + 2 * pixels * channels * kh * kw, 0);

/**
 * How strips compute a branch. Sliding ones have taps that are as far apart as `step` pixels of the result, skipping ones stride
 * 2 and dilation 1; the window is the smaller one that holds the taps.
 */
export interface Strips {
  readonly slides: boolean;
  readonly window: 3 | 5;
  /** Result pixels from one of a strip to the next, [vertical, horizontal]. */
  readonly step: Pair;
}

/** The largest step that a byte of a table holds. */
export const MOST_STEP = 255;

/** How strips compute a branch; undefined if they do not. */
export function stripsOf({ kernel, dilation }: DepthwiseBranch, stride: Pair): Strips | undefined {
  const longest = Math.max(...kernel);
  if (longest > 5) return undefined;
  const window = longest <= 3 ? 3 : 5;
  const along = (axis: 0 | 1) => (kernel[axis] === 1 ? 1 : dilation[axis] / stride[axis]);
  const step: Pair = [along(0), along(1)];
  if (step.every((pixels) => Number.isInteger(pixels) && pixels <= MOST_STEP)) return { slides: true, window, step };
  const skips = stride.every((pixels) => pixels === 2) && dilation.every((pixels) => pixels === 1);
  return skips ? { slides: false, window, step: [1, 1] } : undefined;
}

/** Whether no quad of x or of the result belongs to two branches in part. */
export const inQuads = (branches: readonly BundleBranch[]): boolean =>
  branches.every(({ start, result }) => start % 4 === 0 && result % 4 === 0);

/** Four numbers below 256 as one. */
export const bytes = (a: number, b: number, c: number, d: number): number => a + 2 ** 8 * b + 2 ** 16 * c + 2 ** 24 * d;

/** Rows that pay for loading a thread's weights. */
const ENOUGH_ROWS = 128;
/** Least rows of a thread's strips, or no strips. They load each row once, which is what counts on software adapters. */
export const stripWays = ({ workgroup }: Tuning): readonly (number | "pixels")[] =>
  workgroup < 64 ? [ENOUGH_ROWS, 32] : ["pixels", 32];

/** Threads that all processors share well. */
const ENOUGH_THREADS = 1024;

/**
 * A thread takes every so many'th image: several where images are small and there are enough threads.
 *
 * @param rows of a strip
 * @param threads per image
 * @param leastRows that a thread takes, if there are enough threads
 */
export function imageStep(images: number, rows: number, threads: number, leastRows: number): number {
  const worthwhile = Math.ceil((images * rows) / leastRows);
  return Math.min(images, Math.max(worthwhile, Math.ceil(ENOUGH_THREADS / threads)));
}
