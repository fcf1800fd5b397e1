import fc from "fast-check";
import { expect, test } from "vitest";
import { limitImages, maxSamples, splitTrainVal } from "../../../src/data/split.ts";

const labelled = fc
  .array(fc.integer({ min: 0, max: 6 }), { minLength: 4, maxLength: 300 })
  .map((labels) => Uint32Array.from(labels));

const perClass = (labels: Uint32Array, images: Uint32Array) => {
  const counts = new Array<number>(7).fill(0);
  for (const image of images) counts[labels[image]!]!++;
  return counts;
};

test("the parts are disjoint, ascending, complete, of the right size and keep class shares", () => {
  fc.assert(
    fc.property(labelled, fc.double({ min: 0.25, max: 0.75, noNaN: true }), fc.nat(), (labels, valRatio, seed) => {
      const { train, val } = splitTrainVal(labels, { valRatio, seed });
      expect(train.length).toBe(Math.floor(labels.length * (1 - valRatio)));
      expect([...train, ...val].sort((a, b) => a - b)).toEqual([...labels.keys()]);
      expect(train).toEqual(train.slice().sort());
      expect(val).toEqual(val.slice().sort());
      const all = perClass(labels, Uint32Array.from(labels.keys()));
      for (const [c, count] of perClass(labels, train).entries()) {
        expect(Math.abs(count - (all[c]! * train.length) / labels.length)).toBeLessThan(1);
      }
    }),
  );
});

test("a limit is applied before the split and keeps class shares", () => {
  fc.assert(
    fc.property(labelled, fc.integer({ min: 2, max: 60 }), fc.nat(), (labels, max, seed) => {
      const kept = limitImages(labels, max, seed);
      expect(kept.length).toBe(Math.min(max, labels.length));
      expect(new Set(kept).size).toBe(kept.length);
      const all = perClass(labels, Uint32Array.from(labels.keys()));
      for (const [c, count] of perClass(labels, kept).entries()) {
        expect(Math.abs(count - (all[c]! * kept.length) / labels.length)).toBeLessThan(1);
      }
      const { train, val } = splitTrainVal(labels, { valRatio: 0.5, max, seed });
      expect(Uint32Array.from([...train, ...val]).sort()).toEqual(kept);
    }),
  );
});

test("max_batches 2 and val_ratio 0.5 leave one batch to train and one to validate", () => {
  const labels = Uint32Array.from({ length: 1000 }, (_, i) => i % 10);
  const { train, val } = splitTrainVal(labels, { valRatio: 0.5, max: maxSamples(2, 64), seed: 0 });
  expect([train.length, val.length]).toEqual([64, 64]);
});

test.each([undefined, null, 0, -1])("max_batches %s sets no limit", (maxBatches) => {
  expect(maxSamples(maxBatches, 64)).toBeUndefined();
});

test("the same seed repeats the split, another seed draws another", () => {
  const labels = Uint32Array.from({ length: 500 }, (_, i) => i % 10);
  const split = (seed: number) => splitTrainVal(labels, { valRatio: 0.3, max: 300, seed });
  expect(split(4)).toEqual(split(4));
  expect(split(4).train).not.toEqual(split(5).train);
});

test("val_ratio 0 trains on everything", () => {
  const { train, val } = splitTrainVal(new Uint32Array(5), { valRatio: 0, seed: 0 });
  expect([...train]).toEqual([0, 1, 2, 3, 4]);
  expect(val.length).toBe(0);
});

test("a part without images and a ratio out of range are errors with a remedy", () => {
  const labels = new Uint32Array(3);
  const remedy = "raise dataset.max_batches or change loader.val_ratio";
  expect(() => splitTrainVal(labels, { valRatio: 0.9, seed: 0 })).toThrow(`leaves none to train; ${remedy}`);
  for (const valRatio of [1, -0.1, Number.NaN]) {
    expect(() => splitTrainVal(labels, { valRatio, seed: 0 })).toThrow(`loader.val_ratio is ${valRatio}`);
  }
});
