import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toJson, toYaml } from "../../../src/config/index.ts";
import { formatNumber, resolvePlain } from "../../../src/config/scalars.ts";
import { load } from "./memory.ts";

describe("resolvePlain", () => {
  it.each([
    ["1_000", "int", 1000],
    ["-0x1F", "int", -31],
    ["-010", "int", -8],
    ["+0b11", "int", 3],
    ["0x_", "string", "0x_"],
    ["0b_", "string", "0b_"],
    ["-1:30", "int", -90],
    ["1:30.5", "float", 90.5],
    ["1.", "float", 1],
    [".5e-3", "float", 0.0005],
    ["-1.5E+2", "float", -150],
    ["-.INF", "float", -Infinity],
    ["ON", "bool", true],
    ["No", "bool", false],
    ["~", "null", null],
    ["", "null", null],
    ["1e-3", "string", "1e-3"],
    ["1.5e3", "string", "1.5e3"],
    ["-.5", "string", "-.5"],
    ["09", "string", "09"],
    ["y", "string", "y"],
    ["nan", "string", "nan"],
    ["tRue", "string", "tRue"],
  ])("%j is %s %s", (text, type, value) => {
    expect(resolvePlain(text)).toEqual({ type, value });
  });

  it("reads what formatNumber writes, with the same type", () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        expect(resolvePlain(formatNumber(value, "float"))).toEqual({ type: "float", value });
      }),
    );
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(resolvePlain(formatNumber(value, "int"))).toEqual({ type: "int", value });
      }),
    );
  });
});

describe("printing", () => {
  const text =
    "a: [1, 1.0, 1.0e-9, .NaN, -.inf]\nb: {c: '1e-3', d: 'yes', e: ~, f: on, g: '010', h: '', 12: \"x\\ny\"}\ni: {}\n";

  it("writes YAML that is read back with the same values and types", async () => {
    const first = await load(text);
    const printed = toYaml(first.root);
    const second = await load(printed);
    expect(second.tree).toEqual(first.tree);
    expect(toYaml(second.root)).toBe(printed);
    expect(printed).toContain("[ 1, 1.0, 1.0e-9, .nan, -.inf ]");
  });

  it("writes strings of any kind so that they stay strings", async () => {
    const scalar = fc.oneof(
      fc.string({ unit: "grapheme-ascii" }),
      fc.constantFrom("y", "1_0", "=", "<<", "2001-01-01", "- a", "0o7"),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(scalar), async (list) => {
        const { root } = await load(`x: ${JSON.stringify(list)}`);
        expect((await load(toYaml(root))).tree.x).toEqual(list);
      }),
    );
  });

  it("writes JSON with names for what JSON has no numbers for", async () => {
    const { tree } = await load(text);
    expect(JSON.parse(toJson(tree)).a).toEqual([1, 1, 1e-9, ".nan", "-.inf"]);
  });
});
