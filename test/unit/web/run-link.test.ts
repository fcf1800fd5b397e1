import fc from "fast-check";
import { deflateSync, strToU8 } from "fflate";
import { describe, expect, it } from "vitest";
import { parseRunHash, runHash } from "../../../src/web/state/run-link.ts";

const hashOf = (value: unknown) =>
  `#run=${Buffer.from(deflateSync(strToU8(JSON.stringify(value)))).toString("base64url")}`;

describe("a link to a run", () => {
  it("carries conf and overrides there and back, in letters that URLs have", () => {
    const name = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
    const run = fc.record({
      algo: name,
      dataset: name,
      full: fc.option(fc.boolean(), { nil: undefined }),
      confText: fc.option(fc.string({ unit: "binary", maxLength: 3000 }), { nil: undefined }),
      overrides: fc.option(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 10 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(run, (value) => {
        const hash = runHash(value);
        expect(hash).toMatch(/^#run=[\w-]+$/);
        expect(parseRunHash(hash)).toEqual(value);
      }),
    );
  });

  it("is none where the hash names a section", () => {
    expect(parseRunHash("#runs")).toBeUndefined();
    expect(parseRunHash("")).toBeUndefined();
  });

  it.each([
    ["cut off", hashOf({ algo: "darts", dataset: "shapes" }).slice(0, -9), "the link is damaged: copy it again, whole"],
    ["no base64", "#run=%%%", "the link is damaged: copy it again, whole"],
    [
      "endless",
      `#run=${"a".repeat(70_000)}`,
      "the link is longer than any link to a run: it was not made by this page",
    ],
    ["a list", hashOf([]), "the link is not one to a run: it holds no settings"],
    ["nothing", hashOf(null), "the link is not one to a run: it holds no settings"],
    [
      "more",
      hashOf({ algo: "darts", dataset: "shapes", onload: "x" }),
      'the link is not one to a run: it sets "onload"',
    ],
    [
      "a path",
      hashOf({ algo: "../x", dataset: "shapes" }),
      "the link is not one to a run: its algorithm has no proper name",
    ],
    ["no data", hashOf({ algo: "darts" }), "the link is not one to a run: its data set has no proper name"],
    [
      "a function",
      hashOf({ algo: "darts", dataset: "shapes", confText: {} }),
      "the link is not one to a run: its conf is no text",
    ],
    [
      "numbers",
      hashOf({ algo: "darts", dataset: "shapes", overrides: [1] }),
      "the link is not one to a run: its overrides are no list of texts",
    ],
    [
      "a bomb",
      hashOf({ algo: "x", dataset: "y", confText: "0".repeat(8e6) }),
      "the link is damaged: copy it again, whole",
    ],
  ])("is refused: %s", (_, hash, message) => {
    expect(() => parseRunHash(hash)).toThrow(message);
  });
});
