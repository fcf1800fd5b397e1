import fc from "fast-check";
import { expect, test } from "vitest";
import { mean, meanText, median, sampleDeviation } from "../../../src/report/statistics.ts";

test("mean, sample standard deviation and median of known samples", () => {
  const values = [2, 4, 4, 4, 5, 5, 7, 9];
  expect(mean(values)).toBe(5);
  // Σ(x − 5)² = 32, over n − 1 = 7.
  expect(sampleDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 14);
  expect(median(values)).toBe(4.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(sampleDeviation([3, 3])).toBe(0);
});

test("a single value has no deviation, and none has no mean", () => {
  expect(sampleDeviation([3])).toBeUndefined();
  expect(() => mean([])).toThrow(RangeError);
  expect(() => median([])).toThrow(RangeError);
  const write = (value: number) => value.toFixed(1);
  expect([meanText([3], write), meanText([2, 4], write)]).toEqual(["3.0", "3.0 ± 1.4"]);
});

test("shifting shifts the mean and leaves the deviation", () => {
  const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 20 });
  fc.assert(
    fc.property(values, fc.integer({ min: -1000, max: 1000 }), (sample, shift) => {
      const moved = sample.map((value) => value + shift);
      expect(mean(moved)).toBeCloseTo(mean(sample) + shift, 9);
      expect(sampleDeviation(moved)).toBeCloseTo(sampleDeviation(sample)!, 9);
      expect(sampleDeviation(sample)).toBeGreaterThanOrEqual(0);
    }),
  );
});
