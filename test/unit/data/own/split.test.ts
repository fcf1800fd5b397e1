import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkCounts, splitImages } from "../../../../src/data/own/split.ts";
import { SupernetError } from "../../../../src/errors.ts";

const classesOf = (count: number) => Array.from({ length: count }, (_, i) => `c${i}`);
const options = (classes: number, testShare = 0.2, name = "pets") => ({
  classes: classesOf(classes),
  place: "p",
  name,
  testShare,
});

describe("splitImages", () => {
  const labelsOf = fc.integer({ min: 2, max: 6 }).chain((classes) =>
    fc.record({
      classes: fc.constant(classes),
      extra: fc.array(fc.nat(classes - 1), { maxLength: 60 }),
      testShare: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    }),
  );

  test("every class trains and tests, in shares as near as whole images get, and the same again", () => {
    fc.assert(
      fc.property(labelsOf, ({ classes, extra, testShare }) => {
        // Two of each class, as `checkCounts` makes sure of.
        const labels = [...classesOf(classes).keys(), ...classesOf(classes).keys(), ...extra];
        const images = labels.map((label) => ({ label }));
        const { train, test } = splitImages(images, options(classes, testShare));
        expect([...train, ...test].sort((a, b) => a - b)).toEqual([...labels.keys()]);
        for (const part of [train, test]) expect(part).toEqual(part.toSorted((a, b) => a - b));
        for (let label = 0; label < classes; label++) {
          const all = labels.filter((other) => other === label).length;
          const tests = test.filter((image) => labels[image] === label).length;
          expect(tests).toBeGreaterThanOrEqual(1);
          expect(tests).toBeLessThan(all);
          expect(Math.abs(tests - Math.min(all - 1, Math.max(1, all * testShare)))).toBeLessThanOrEqual(0.5);
        }
        expect(splitImages(images, options(classes, testShare))).toEqual({ train, test });
      }),
    );
  });

  test("what tests depends on the name of the data set alone", () => {
    const images = Array.from({ length: 40 }, (_, i) => ({ label: i % 2 }));
    expect(splitImages(images, options(2)).test).toMatchInlineSnapshot(`
      [
        6,
        14,
        17,
        23,
        28,
        31,
        37,
        38,
      ]
    `);
    expect(splitImages(images, options(2, 0.2, "other")).test).not.toEqual(splitImages(images, options(2)).test);
  });

  test("train and test folders are followed; without both, images are drawn", () => {
    const of = (...splits: ("train" | "test" | undefined)[]) =>
      splits.map((split, i) => ({ label: i % 2, ...(split && { split }) }));
    expect(splitImages(of("train", "train", "test", undefined), options(2))).toEqual({ train: [0, 1, 3], test: [2] });
    for (const images of [
      of("train", "train", "train", "train"),
      of("test", "test", "test", "test"),
      of(undefined, undefined, "test", "test"),
    ]) {
      const { train, test } = splitImages(images, options(2));
      expect([train.length, test.length]).toEqual([2, 2]);
    }
  });

  test("a class that only tests is an error", () => {
    const images = [
      { label: 0, split: "train" as const },
      { label: 1, split: "test" as const },
    ];
    expect(() => splitImages(images, options(2))).toThrow(
      new SupernetError("data", "p has images of class 'c1' to test but none to train; add some to its train folder"),
    );
  });
});

describe("checkCounts", () => {
  const message = (counts: readonly number[], skipped: { path: string; reason: string }[] = []) => {
    try {
      checkCounts({ classes: classesOf(counts.length), place: "pets" }, counts, skipped);
      return "";
    } catch (error) {
      expect(error).toMatchObject({ code: "data" });
      return (error as Error).message;
    }
  };

  test("images that make a data set pass", () => {
    expect(message([2, 18])).toBe("");
    expect(message(Array.from({ length: 1000 }, () => 2))).toBe("");
  });

  test("what does not is told with the folder and the remedy", () => {
    const skipped = [
      { path: "pets/c1/x.jpg", reason: "is a text" },
      { path: "pets/c0/y.jpg", reason: "is empty" },
    ];
    expect({
      none: message([]),
      noneUsable: message([], skipped.slice(0, 1)),
      single: message([40]),
      fewOfOne: message([30, 1]),
      lost: message([30, 0], skipped),
      fewInAll: message([9, 9], skipped),
      many: message(Array.from({ length: 1001 }, () => 2)),
    }).toMatchInlineSnapshot(`
      {
        "fewInAll": "pets holds 18 usable images in all (2 files were left out, the first: pets/c1/x.jpg is a text); at least 20 are needed: add images",
        "fewOfOne": "pets/c1 holds 1 usable image; a class needs 2, one to train and one to test: add images or remove the folder",
        "lost": "pets/c1 holds 0 usable images (1 file was left out: pets/c1/x.jpg is a text); a class needs 2, one to train and one to test: add images or remove the folder",
        "many": "pets holds 1001 class folders; at most 1000 are supported: remove some",
        "none": "pets holds no images in class folders; put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
        "noneUsable": "pets holds no images in class folders (1 file was left out: pets/c1/x.jpg is a text); put the images of each class into a folder of its own, as in cat/1.jpg and dog/1.jpg",
        "single": "pets holds a single class, 'c0'; add a folder of images for each further class",
      }
    `);
  });
});
