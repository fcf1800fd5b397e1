import fc from "fast-check";
import { expect, test } from "vitest";
import { resampleSquare } from "../../../src/data/resample.ts";

const triangle = (x: number) => Math.max(0, 1 - Math.abs(x));

/** The definition: every output pixel is the mean of all input pixels, weighted by the triangle around its centre. */
function defined(pixels: Uint8ClampedArray, side: number, size: number, outX: number, outY: number, c: number): number {
  const scale = side / size;
  const weight = (out: number, pixel: number) => triangle((pixel + 0.5 - (out + 0.5) * scale) / Math.max(1, scale));
  let sum = 0;
  let weights = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const w = weight(outX, x) * weight(outY, y);
      sum += w * pixels[(y * side + x) * 4 + c]!;
      weights += w;
    }
  }
  return sum / weights;
}

function image(side: number, sample: (x: number, y: number, c: number) => number): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) => {
    const pixel = Math.floor(i / 4);
    return i % 4 === 3 ? 255 : sample(pixel % side, Math.floor(pixel / side), i % 4);
  });
}

test("resized pixels are those of the definition", () => {
  const sides = fc.record({ side: fc.integer({ min: 1, max: 24 }), size: fc.integer({ min: 1, max: 12 }) });
  fc.assert(
    fc.property(sides, fc.infiniteStream(fc.integer({ min: 0, max: 255 })), ({ side, size }, bytes) => {
      const pixels = image(side, () => bytes.next().value as number);
      const resized = resampleSquare(pixels, side, size);
      expect(resized).toHaveLength(size * size * 4);
      for (let y = 0; y < size; y++) {
        for (let x = 0; x < size; x++) {
          const at = (y * size + x) * 4;
          for (let c = 0; c < 3; c++) {
            expect(Math.abs(resized[at + c]! - defined(pixels, side, size, x, y, c))).toBeLessThanOrEqual(0.5 + 1e-6);
          }
          expect(resized[at + 3]).toBe(255);
        }
      }
    }),
  );
});

test("an image of the right size stays as it is, and one colour stays that colour", () => {
  const pixels = image(9, (x, y, c) => (x * 31 + y * 17 + c * 7) % 256);
  expect(resampleSquare(pixels, 9, 9)).toEqual(pixels);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 40 }), fc.nat(255), (side, size, value) => {
      expect(
        new Set(
          resampleSquare(
            image(side, () => value),
            side,
            size,
          ),
        ),
      ).toEqual(new Set([value, 255]));
    }),
  );
});

test.each([64, 100, 500, 1000])("stripes as fine as pixels become grey: %i pixels", (side) => {
  const grey = resampleSquare(
    image(side, (x) => (x % 2) * 255),
    side,
    32,
  ).filter((_, i) => i % 4 === 0);
  expect(Math.min(...grey)).toBeGreaterThan(100);
  expect(Math.max(...grey)).toBeLessThan(155);
});
