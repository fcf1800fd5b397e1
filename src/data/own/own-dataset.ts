import { withoutEndSlash } from "../../config/paths.ts";
import type { Split } from "../dataset.ts";

/** A data set made of a user's images: squares of one size. */
export interface OwnDataset {
  readonly name: string;
  readonly classes: readonly string[];
  /** Side of the images in pixels. */
  readonly size: number;
  readonly channels: number;
  /** Per channel over the training images, of pixels scaled to [0, 1]. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** Images as u8 [count, size, size, channels]. */
  readonly train: Split;
  readonly test: Split;
  /** Files that were left out, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** Where an imported data set lies below the data root. */
export function ownDatasetPath(dataroot: string, name: string): string {
  return `${withoutEndSlash(dataroot)}/${name}.supernet`;
}

/** Below a hundredth of the range there is nothing to normalise: dividing by less would blow up noise. */
const LEAST_STD = 0.01;

/**
 * Mean and standard deviation of every channel, of pixels scaled to [0, 1].
 * @param images u8 [.., channels], at least one pixel
 */
export function channelStatistics(images: Uint8Array, channels: number): { mean: number[]; std: number[] } {
  const mean: number[] = [];
  const std: number[] = [];
  for (let c = 0; c < channels; c++) {
    // Whole numbers below 2^53: the sums are exact, in whatever order images come.
    let sum = 0;
    let squares = 0;
    for (let i = c; i < images.length; i += channels) {
      sum += images[i]!;
      squares += images[i]! * images[i]!;
    }
    const count = images.length / channels;
    const variance = squares / count - (sum / count) ** 2;
    mean.push(sum / count / 255);
    std.push(Math.max(LEAST_STD, Math.sqrt(Math.max(0, variance)) / 255));
  }
  return { mean, std };
}
