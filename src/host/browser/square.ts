/** How the square in the middle of an image becomes `size` x `size` pixels. */
export interface SquarePlan {
  /** Side and upper left corner of the square, in pixels of the image. */
  readonly side: number;
  readonly x: number;
  readonly y: number;
  /** Side of the canvas that it is drawn to: `size` doubled `halvings` times. */
  readonly drawn: number;
  /** How often the canvas is then halved. */
  readonly halvings: number;
}

/**
 * Plans the reduction: one drawing that reduces to less than a half, then exact halvings. A canvas that reduces further
 * in one go reads only some of the pixels, and what it makes of stripes and noise is up to the browser.
 */
export function planSquare(width: number, height: number, size: number): SquarePlan {
  const side = Math.min(width, height);
  const halvings = Math.max(0, Math.floor(Math.log2(side / size)));
  return {
    side,
    // Half pixels would blur an image that needs no reduction.
    x: Math.floor((width - side) / 2),
    y: Math.floor((height - side) / 2),
    drawn: size * 2 ** halvings,
    halvings,
  };
}

/**
 * The means of all 2x2 pixels.
 * @param pixels u8 [side, side, 4]; `side` is even
 */
export function halve(pixels: Uint8ClampedArray, side: number): Uint8ClampedArray<ArrayBuffer> {
  const half = side / 2;
  const row = side * 4;
  const halved = new Uint8ClampedArray(half * half * 4);
  for (let y = 0, to = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const from = (2 * y * side + 2 * x) * 4;
      for (let c = from; c < from + 4; c++) {
        halved[to++] = (pixels[c]! + pixels[c + 4]! + pixels[c + row]! + pixels[c + row + 4]! + 2) >> 2;
      }
    }
  }
  return halved;
}
