import { describe, expect, it } from "vitest";
import { untuned, withPicks } from "../../../src/runtime/webgpu/picks.ts";

const SIZES = [
  { wg: 8, per: [4, 1] },
  { wg: 64, per: [1, 1] },
];

describe("pick", () => {
  it("is the first candidate where nothing is known", () => {
    for (const kind of ["gpu", "software"] as const) expect(untuned(kind).pick("any", SIZES)).toBe(SIZES[0]);
    expect(withPicks(untuned("gpu"), new Map([["other", SIZES[1]]])).pick("any", SIZES)).toBe(SIZES[0]);
  });

  it("is the known one, even if that was read from a file", () => {
    const picks = new Map<string, unknown>([
      ["sizes", JSON.parse(JSON.stringify(SIZES[1]))],
      ["number", 4],
      ["name", "strips"],
    ]);
    const { pick } = withPicks(untuned("software"), picks);
    expect(pick("sizes", SIZES)).toBe(SIZES[1]);
    expect(pick("number", [1, 2, 4])).toBe(4);
    expect(pick("name", ["windows", "strips"])).toBe("strips");
  });

  it("is the first candidate if the known one is none of them", () => {
    const { pick } = withPicks(
      untuned("gpu"),
      new Map<string, unknown>([
        ["key", 3],
        ["null", null],
      ]),
    );
    expect(pick("key", [1, 2])).toBe(1);
    expect(pick("key", ["3"])).toBe("3");
    expect(pick("null", [5, 6])).toBe(5);
  });

  it("sees what becomes known later", () => {
    const picks = new Map<string, unknown>();
    const { pick } = withPicks(untuned("gpu"), picks);
    expect(pick("key", [1, 2])).toBe(1);
    picks.set("key", 2);
    expect(pick("key", [1, 2])).toBe(2);
  });

  it("does not go without candidates", () => {
    expect(() => untuned("gpu").pick("key", [])).toThrow("no candidates for key");
  });
});
