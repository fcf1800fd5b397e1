import { expect, test } from "vitest";
import { philox4x32 } from "../../../src/random/philox.ts";
import { Rng, seedKey } from "../../../src/random/rng.ts";
import { STREAMS } from "../../../src/random/streams.ts";

test("words come from counters [0, step, stream, 0], [1, step, stream, 0], ...", () => {
  const seed = 0x1_2345_6789_abcd;
  const rng = new Rng(seed, STREAMS.split, 77);
  const words = Array.from({ length: 8 }, () => rng.word());
  const key = [0x6789abcd, 0x12345] as const;
  expect(words).toEqual([...philox4x32([0, 77, STREAMS.split, 0], key), ...philox4x32([1, 77, STREAMS.split, 0], key)]);
});

test("streams have numbers of their own", () => {
  const numbers = Object.values(STREAMS);
  expect(new Set(numbers).size).toBe(numbers.length);
});

test("seeds that would be rounded are refused", () => {
  for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => seedKey(seed)).toThrow(RangeError);
});

test("uniform01 and randint are even over their range", () => {
  const rng = new Rng(1, STREAMS.init);
  const draws = 60_000;
  const bins = new Array<number>(6).fill(0);
  let sum = 0;
  for (let i = 0; i < draws; i++) {
    bins[rng.randint(6)]!++;
    const u = rng.uniform01();
    expect(u >= 0 && u < 1).toBe(true);
    sum += u;
  }
  // Five standard deviations: sqrt(60000 * 1/6 * 5/6) = 91, and sqrt(1/12 / 60000) = 0.0012.
  for (const bin of bins) expect(Math.abs(bin - draws / 6)).toBeLessThan(460);
  expect(Math.abs(sum / draws - 0.5)).toBeLessThan(0.006);
});

test("normal has mean 0, variance 1 and kurtosis 3", () => {
  const rng = new Rng(2, STREAMS.init);
  const x = Array.from({ length: 50_000 }, () => rng.normal());
  const moment = (p: number) => x.reduce((sum, v) => sum + v ** p, 0) / x.length;
  expect(Math.abs(moment(1))).toBeLessThan(0.025);
  expect(Math.abs(moment(2) - 1)).toBeLessThan(0.035);
  expect(Math.abs(moment(4) - 3)).toBeLessThan(0.25);
});

test("permutation holds every number once and every place is equally likely", () => {
  const n = 4;
  const rounds = 12_000;
  const seen = new Float64Array(n * n);
  for (let step = 0; step < rounds; step++) {
    const order = new Rng(3, STREAMS.shuffle, step).permutation(n);
    expect([...order].sort()).toEqual([0, 1, 2, 3]);
    order.forEach((value, place) => {
      seen[value * n + place]!++;
    });
  }
  for (const count of seen) expect(Math.abs(count - rounds / n)).toBeLessThan(240);
});
