/**
 * Resizes a square image with a triangle filter as wide as two output pixels: bilinear interpolation where it grows, and
 * where it shrinks a mean over all pixels, so that nothing aliases. This is what torchvision's `Resize` does (`antialias`);
 * canvases do something else in each browser, and read only some of the pixels where they shrink by much.
 *
 * @param pixels RGBA, u8 [side, side, 4], opaque
 * @returns RGBA, u8 [size, size, 4], opaque
 */
export function resampleSquare(pixels: Uint8ClampedArray, side: number, size: number): Uint8ClampedArray<ArrayBuffer> {
  const taps = Array.from({ length: size }, (_, out) => tapsOf(out, side / size, side));
  const sums = new Float64Array(size * size * 3);
  const row = new Float64Array(size * 3);
  let firstOut = 0;
  for (let y = 0; y < side; y++) {
    resampleRow(pixels.subarray(y * side * 4, (y + 1) * side * 4), taps, row);
    while (y >= taps[firstOut]!.first + taps[firstOut]!.weights.length) firstOut++;
    for (let out = firstOut; out < size && taps[out]!.first <= y; out++) {
      const weight = taps[out]!.weights[y - taps[out]!.first]!;
      for (let i = 0, to = out * size * 3; i < row.length; i++, to++) sums[to]! += weight * row[i]!;
    }
  }
  const resized = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let from = 0, to = 0; from < sums.length; from += 3, to += 4) {
    for (let c = 0; c < 3; c++) resized[to + c] = Math.floor(sums[from + c]! + 0.5);
  }
  return resized;
}

/** What an output pixel sees of a row or column: pixels from `first` on; the weights sum to 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

function tapsOf(out: number, scale: number, side: number): Taps {
  const reach = Math.max(1, scale);
  const centre = (out + 0.5) * scale;
  const first = Math.max(0, Math.ceil(centre - reach - 0.5));
  const last = Math.min(side - 1, Math.floor(centre + reach - 0.5));
  const weights: number[] = [];
  for (let pixel = first; pixel <= last; pixel++) weights.push(1 - Math.abs(pixel + 0.5 - centre) / reach);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { first, weights: weights.map((weight) => weight / sum) };
}

function resampleRow(from: Uint8ClampedArray, taps: readonly Taps[], to: Float64Array): void {
  for (const [out, { first, weights }] of taps.entries()) {
    let red = 0;
    let green = 0;
    let blue = 0;
    for (let tap = 0, at = first * 4; tap < weights.length; tap++, at += 4) {
      const weight = weights[tap]!;
      red += weight * from[at]!;
      green += weight * from[at + 1]!;
      blue += weight * from[at + 2]!;
    }
    to[out * 3] = red;
    to[out * 3 + 1] = green;
    to[out * 3 + 2] = blue;
  }
}
