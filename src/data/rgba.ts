/** Pixels as a canvas has them: RGBA, four bytes each, rows from top to bottom. */
export interface RgbaImage {
  readonly data: ArrayLike<number>;
  readonly width: number;
  readonly height: number;
}

/** What an image becomes for a network. */
export interface ImageShape {
  /** 1 (grey) or 3 (red, green, blue) */
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

/** Weights of red, green and blue in grey (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * An image of any size as planes [channels, height, width] of numbers in [0, 1], each the mean of the pixels that its place
 * covers. What is transparent is black. An image of the right size keeps its pixels as they are.
 */
export function rgbaPlanes(image: RgbaImage, { channels, height, width }: ImageShape): Float32Array {
  const planes = new Float32Array(channels * height * width);
  const columns = Array.from({ length: width }, (_, x) => coverage(x, width, image.width));
  for (let y = 0; y < height; y++) {
    const rows = coverage(y, height, image.height);
    for (const [x, column] of columns.entries()) {
      const sums = [0, 0, 0];
      let total = 0;
      for (const row of rows) {
        for (const col of column) {
          const at = 4 * (row.place * image.width + col.place);
          const weight = row.share * col.share;
          total += weight;
          const opacity = (weight * image.data[at + 3]!) / 255;
          for (let c = 0; c < 3; c++) sums[c]! += opacity * image.data[at + c]!;
        }
      }
      const rgb = sums.map((sum) => sum / (255 * total));
      const values = channels === 1 ? [LUMA.reduce((grey, weight, c) => grey + weight * rgb[c]!, 0)] : rgb;
      for (let c = 0; c < channels; c++) planes[(c * height + y) * width + x] = values[c]!;
    }
  }
  return planes;
}

/** Which of `from` places in a row the `index`-th of `to` places covers, and how much of each. */
function coverage(index: number, to: number, from: number): { readonly place: number; readonly share: number }[] {
  const start = (index * from) / to;
  const end = ((index + 1) * from) / to;
  const places: { place: number; share: number }[] = [];
  for (let place = Math.floor(start); place < end && place < from; place++) {
    const share = Math.min(end, place + 1) - Math.max(start, place);
    if (share > 0) places.push({ place, share });
  }
  return places;
}
