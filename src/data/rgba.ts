import { resampleSquare } from "./resample.ts";

/** Pixels as a canvas has them: RGBA, four bytes each, rows from top to bottom. */
export interface RgbaImage {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** Weights of red, green and blue in grey (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * An image of any size as planes [channels, size, size] of numbers in [0, 1], made as images are when they are imported: the
 * square in its middle, over white, resized. An image of the right size keeps its pixels as they are.
 *
 * @param channels 1 (grey) or 3 (red, green, blue)
 */
export function rgbaPlanes(image: RgbaImage, channels: number, size: number): Float32Array {
  const side = Math.min(image.width, image.height);
  const pixels = resampleSquare(middleSquare(image, side), side, size);
  const planes = new Float32Array(channels * size * size);
  for (let place = 0; place < size * size; place++) {
    const rgb = [0, 1, 2].map((c) => pixels[4 * place + c]! / 255);
    const values = channels === 1 ? [LUMA.reduce((grey, weight, c) => grey + weight * rgb[c]!, 0)] : rgb;
    for (let c = 0; c < channels; c++) planes[c * size * size + place] = values[c]!;
  }
  return planes;
}

/** The square in the middle, u8 [side, side, 4], opaque. */
function middleSquare({ data, width, height }: RgbaImage, side: number): Uint8ClampedArray {
  const left = Math.floor((width - side) / 2);
  const top = Math.floor((height - side) / 2);
  const square = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const from = 4 * ((top + y) * width + left + x);
      const to = 4 * (y * side + x);
      const opacity = data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) square[to + c] = 255 + opacity * (data[from + c]! - 255);
    }
  }
  return square;
}
