import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { channelStatistics, type OwnDataset } from "../../../../src/data/own/own-dataset.ts";
import { packDataset, unpackDataset } from "../../../../src/data/own/pack.ts";
import { datasetReport } from "../../../../src/data/own/report.ts";
import { SupernetError } from "../../../../src/errors.ts";

const split = (count: number, size: number, classes: number) =>
  fc.record({
    count: fc.constant(count),
    images: fc.uint8Array({ minLength: count * size * size * 3, maxLength: count * size * size * 3 }),
    labels: fc
      .array(fc.nat(classes - 1), { minLength: count, maxLength: count })
      .map((labels) => Uint32Array.from(labels)),
  });

const ownDataset: fc.Arbitrary<OwnDataset> = fc
  .record({
    size: fc.integer({ min: 1, max: 5 }),
    train: fc.nat(5),
    test: fc.nat(5),
    classes: fc.array(fc.string(), { minLength: 1, maxLength: 4 }),
    name: fc.string(),
    skipped: fc.array(fc.record({ path: fc.string({ unit: "grapheme" }), reason: fc.string() }), { maxLength: 3 }),
    mean: fc.constant([0.5, 0.25, 0.125]),
  })
  .chain(({ size, train, test, classes, name, skipped, mean }) =>
    fc.record({
      name: fc.constant(name),
      classes: fc.constant(classes),
      size: fc.constant(size),
      channels: fc.constant(3),
      mean: fc.constant(mean),
      std: fc.constant(mean),
      train: split(train, size, classes.length),
      test: split(test, size, classes.length),
      skipped: fc.constant(skipped),
    }),
  );

/** At an odd place of a larger buffer, as a reader may yield it. */
function misplaced(bytes: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 3);
  buffer.set(bytes, 1);
  return buffer.subarray(1, bytes.length + 1);
}

test("what is packed is unpacked", () => {
  fc.assert(
    fc.property(ownDataset, (dataset) => {
      const file = packDataset(dataset);
      expect(unpackDataset(file, "x")).toEqual(dataset);
      expect(unpackDataset(misplaced(file), "x")).toEqual(dataset);
    }),
  );
});

const sample: OwnDataset = {
  name: "pets",
  classes: ["cat", "dog"],
  size: 2,
  channels: 3,
  mean: [0.5, 0.5, 0.5],
  std: [0.1, 0.2, 0.3],
  train: { count: 3, labels: Uint32Array.of(0, 1, 1), images: Uint8Array.from({ length: 36 }, (_, i) => i) },
  test: { count: 1, labels: Uint32Array.of(1), images: Uint8Array.from({ length: 12 }, (_, i) => 200 + i) },
  skipped: [{ path: "a.txt", reason: "is a text" }],
};

describe("damage", () => {
  const file = packDataset(sample);
  const messageOf = (bytes: Uint8Array) => {
    try {
      unpackDataset(bytes, "pets.supernet");
    } catch (error) {
      expect(error).toBeInstanceOf(SupernetError);
      expect(error).toMatchObject({ code: "data" });
      return (error as Error).message;
    }
    return undefined;
  };

  test("any flipped byte, any cut, anything added is noticed", () => {
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const bytes = file.slice();
        bytes[at]! ^= change;
        expect(messageOf(bytes)).toMatch(/^pets\.supernet .*; import the images again$/);
        expect(messageOf(file.subarray(0, at))).toMatch(/^pets\.supernet .*; import the images again$/);
        expect(messageOf(Uint8Array.of(...file, at))).toMatch(/bytes long instead of/);
      }),
    );
  });

  test("is told apart", () => {
    const changed = (at: number, value: number) => {
      const bytes = file.slice();
      bytes[at] = value;
      return bytes;
    };
    expect([
      messageOf(new TextEncoder().encode("hello")),
      messageOf(file.subarray(0, 10)),
      messageOf(file.subarray(0, file.length - 1)),
      messageOf(changed(8, 2)),
      messageOf(changed(20, 0)),
      messageOf(changed(file.length - 1, 0)),
    ]).toMatchInlineSnapshot(`
      [
        "pets.supernet is no data set that supernet has written; import the images again",
        "pets.supernet is cut off; import the images again",
        "pets.supernet is 255 bytes long instead of 256; import the images again",
        "pets.supernet has format version 2; this supernet reads version 1; import the images again",
        "pets.supernet has a damaged header; import the images again",
        "pets.supernet is damaged; import the images again",
      ]
    `);
  });

  test("labels beyond the classes are refused even where the sum is right", () => {
    const bad = packDataset({ ...sample, test: { ...sample.test, labels: Uint32Array.of(2) } });
    expect(messageOf(bad)).toBe("pets.supernet has label 2, but 2 classes; import the images again");
  });
});

test("mean and standard deviation are those of the definition", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 6, maxLength: 300 }), (bytes) => {
      const images = bytes.subarray(0, bytes.length - (bytes.length % 3));
      const { mean, std } = channelStatistics(images, 3);
      for (let c = 0; c < 3; c++) {
        const values = [...images].filter((_, i) => i % 3 === c).map((value) => value / 255);
        const average = values.reduce((sum, v) => sum + v, 0) / values.length;
        const variance = values.reduce((sum, v) => sum + (v - average) ** 2, 0) / values.length;
        expect(mean[c]).toBeCloseTo(average, 10);
        expect(std[c]).toBeCloseTo(Math.max(0.01, Math.sqrt(variance)), 7);
      }
    }),
  );
});

test("a report counts and shows the first training images of each class", () => {
  const { samples, ...rest } = datasetReport(sample);
  expect(rest).toEqual({
    name: "pets",
    classes: ["cat", "dog"],
    size: 2,
    channels: 3,
    train: [1, 2],
    test: [0, 1],
    skipped: sample.skipped,
  });
  expect(samples.map(({ label, pixels }) => [label, ...pixels.subarray(0, 8)])).toEqual([
    [0, 0, 1, 2, 255, 3, 4, 5, 255],
    [1, 12, 13, 14, 255, 15, 16, 17, 255],
    [1, 24, 25, 26, 255, 27, 28, 29, 255],
  ]);
});
