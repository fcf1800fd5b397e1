import fc from "fast-check";
import { expect, test } from "vitest";
import { halve, planSquare } from "../../../src/host/browser/square.ts";

test("a plan crops the middle and draws to less than twice as small", () => {
  const side = fc.integer({ min: 1, max: 20_000 });
  fc.assert(
    fc.property(side, side, fc.integer({ min: 8, max: 256 }), (width, height, size) => {
      const plan = planSquare(width, height, size);
      expect(plan.side).toBe(Math.min(width, height));
      expect(Math.abs(plan.x - (width - plan.side) / 2)).toBeLessThanOrEqual(0.5);
      expect(Math.abs(plan.y - (height - plan.side) / 2)).toBeLessThanOrEqual(0.5);
      expect(plan.drawn).toBe(size * 2 ** plan.halvings);
      expect(plan.side / plan.drawn).toBeLessThan(2);
      if (plan.halvings > 0) expect(plan.side / plan.drawn).toBeGreaterThanOrEqual(1);
    }),
  );
});

test("halving takes the mean of 2x2 pixels, channel by channel", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 6 }), fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (half, bytes) => {
      const side = 2 * half;
      const pixels = Uint8ClampedArray.from({ length: side * side * 4 }, () => bytes.next().value as number);
      const halved = halve(pixels, side);
      expect(halved).toHaveLength(half * half * 4);
      for (let y = 0; y < half; y++) {
        for (let x = 0; x < half; x++) {
          for (let c = 0; c < 4; c++) {
            const at = (dy: number, dx: number) => pixels[((2 * y + dy) * side + 2 * x + dx) * 4 + c]!;
            const mean = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
            expect(Math.abs(halved[(y * half + x) * 4 + c]! - mean)).toBeLessThanOrEqual(0.5);
          }
        }
      }
    }),
  );
});
