import { expect, test } from "vitest";
import { differences, leafTexts } from "../../../src/config/leaves.ts";

test("values by their paths, lists by index; a NaN equals itself", () => {
  const tree = { a: { b: 1, c: [true, null] }, d: Number.NaN, e: undefined };
  expect(Object.fromEntries(leafTexts(tree))).toEqual({ "a.b": "1", "a.c.0": "true", "a.c.1": "null", d: "NaN" });
  expect(differences(tree, structuredClone(tree))).toEqual([]);
});

test("differences name what is there on one side only", () => {
  expect(differences({ a: 1, b: 2 }, { b: 3, c: { d: 4 } }, "top")).toEqual([
    { path: "top.a", was: "1", is: "absent" },
    { path: "top.b", was: "2", is: "3" },
    { path: "top.c.d", was: "absent", is: "4" },
  ]);
});
