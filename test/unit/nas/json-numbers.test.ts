import fc from "fast-check";
import { expect, it } from "vitest";
import { fromJson, toJson } from "../../../src/nas/json-numbers.ts";

it("keeps every number of plain data", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.double()), (value, numbers) => {
      expect(fromJson(toJson({ value, numbers }))).toEqual({ value, numbers });
    }),
    { numRuns: 300, seed: 6 },
  );
});

it("writes the numbers that JSON has no words for in a readable way", () => {
  const text = toJson([1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, null]);
  expect(text).toBe('[1.5,{"number":"NaN"},{"number":"Infinity"},{"number":"-Infinity"},{"number":"-0"},null]');
  expect(fromJson(text)).toStrictEqual([1.5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, null]);
});
