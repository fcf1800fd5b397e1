import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearestName, suggest } from "../../../src/config/nearest.ts";

const word = fc.string({ unit: fc.constantFrom(..."abc_"), maxLength: 8 });

describe("editDistance", () => {
  it("counts inserted, deleted, replaced and swapped characters", () => {
    expect(editDistance("epochs", "epohcs")).toBe(1);
    expect(editDistance("epochs", "epoch")).toBe(1);
    expect(editDistance("seed", "sed")).toBe(1);
    expect(editDistance("lr", "xy")).toBe(2);
    expect(editDistance("kitten", "sitting")).toBe(3);
    expect(editDistance("", "abc")).toBe(3);
  });

  it("is zero for equal words only, symmetric, and between the difference of lengths and the longer length", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance === 0).toBe(a === b);
        expect(editDistance(b, a)).toBe(distance);
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
      }),
    );
  });
});

describe("nearestName", () => {
  const names = ["seed", "epochs", "batch_chunks", "train_batch", "test_batch", "lr"];

  it("finds a name with one slip in it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...names.filter((name) => name.length > 3)), fc.nat(), (name, n) => {
        const i = n % name.length;
        expect(nearestName(name.slice(0, i) + name.slice(i + 1), names)).toBe(name);
        expect(nearestName(`${name.slice(0, i)}q${name.slice(i)}`, names)).toBe(name);
      }),
    );
  });

  it("ignores letter case and gives up on what is not alike", () => {
    expect(nearestName("Epochs", names)).toBe("epochs");
    expect(nearestName("xy", names)).toBeUndefined();
    expect(nearestName("something_else", names)).toBeUndefined();
  });

  it("lists what is valid when nothing is near", () => {
    expect(suggest("lR", names)).toBe('did you mean "lr"?');
    expect(suggest("something", ["b", "a"])).toBe("valid here: a, b");
    expect(suggest("something", [])).toBe("there are no keys here");
  });
});
