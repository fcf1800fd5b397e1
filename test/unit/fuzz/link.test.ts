import fc from "fast-check";
import { deflateSync, strToU8 } from "fflate";
import { describe, expect, test } from "vitest";
import { parseRunHash, runHash } from "../../../src/web/state/run-link.ts";
import { damagedText, tries } from "./support.ts";

const hashOf = (json: string) => `#run=${Buffer.from(deflateSync(strToU8(json))).toString("base64url")}`;

/** What a link says, or undefined where it is refused; anything but a sentence about the link fails. */
function linked(hash: string) {
  try {
    return parseRunHash(hash);
  } catch (error) {
    expect((error as Error).message).toMatch(/^the link is /);
    return undefined;
  }
}

const run = { algo: "darts", dataset: "shapes", full: true, confText: "a: 1\n", overrides: ["--a", "2"] };

/** A link's run is data: known keys, each of its type. */
function expectData(found: ReturnType<typeof linked>): void {
  if (found === undefined) return;
  expect(Object.keys(found).sort()).toEqual(["algo", "confText", "dataset", "full", "overrides"]);
  expect(`${found.algo} ${found.dataset}`).toMatch(/^[\w-]+ [\w-]+$/);
  expect(["string", "undefined"]).toContain(typeof found.confText);
  expect(["boolean", "undefined"]).toContain(typeof found.full);
  expect((found.overrides ?? []).every((text) => typeof text === "string")).toBe(true);
  expect(Object.getPrototypeOf(found)).toBe(Object.prototype);
}

describe("a link to a run", () => {
  test("with letters changed", () => {
    fc.assert(
      fc.property(damagedText(fc.constant(runHash(run)), ["A", "_", "=", "%", "#run=", "é"]), (hash) =>
        expectData(linked(hash)),
      ),
      tries(1000),
    );
  });

  test("with other JSON in it", () => {
    const words = [
      "null",
      "[]",
      "{}",
      "1e999",
      '"__proto__":',
      '"algo":',
      '"../x"',
      ",",
      "{",
      "}",
      "[",
      "]",
      '"',
      "\\",
      "\0",
      '"toString":{}',
    ];
    let read = 0;
    fc.assert(
      fc.property(damagedText(fc.constant(JSON.stringify(run)), words), (json) => {
        const found = linked(hashOf(json));
        expectData(found);
        if (found) read++;
      }),
      tries(1000),
    );
    expect(read).toBeGreaterThan(50);
  });

  test.each([
    ["lists in lists", "[".repeat(1e5)],
    ["lists in lists that end", `${"[".repeat(1e5)}${"]".repeat(1e5)}`],
    ["a prototype", '{"__proto__":{"algo":"darts","dataset":"shapes"}}'],
    ["more than a conf can be", JSON.stringify({ ...run, confText: "x".repeat(1e7) })],
    ["many overrides", JSON.stringify({ ...run, overrides: Array(101).fill("--a") })],
  ])("is refused: %s", (_, json) => {
    expect(() => parseRunHash(hashOf(json))).toThrow(/^the link is (damaged|not one to a run)/);
  });
});
