import { describe, expect, it } from "vitest";
import { flat, planes } from "../../../src/graph/types.ts";
import { disagreement, type TrialOutput } from "../../../src/runtime/webgpu/tuning/trial.ts";

const floats = (...values: number[]): TrialOutput[] => [
  { name: "y", type: flat([values.length]), data: Float32Array.from(values).buffer },
];
const words = (...values: number[]): TrialOutput[] => [
  { name: "at", type: planes([1, 4, 1, values.length], "u32"), data: Uint32Array.from(values).buffer },
];

describe("results of two variants", () => {
  it("agree within the rounding of sums of so many terms", () => {
    // 16 * 2^-24 * sqrt(256) * (3 + 1)
    const bound = 2 ** -24 * 1024;
    expect(disagreement(floats(1, -3), floats(1 + 0.9 * bound, -3), 256)).toBeUndefined();
    expect(disagreement(floats(1, -3), floats(1 + 1.1 * bound, -3), 256)).toMatch(
      /^y\[0\] is 1\.0000\d+, not 1 \+- 0\.00006/,
    );
    expect(disagreement(floats(1, -3), floats(1 + 1.1 * bound, -3), 1024)).toBeUndefined();
  });

  it("differ where one is no number", () => {
    const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
    expect(disagreement(floats(1), floats(nan), 1)).toMatch(/^y\[0\] is NaN, not 1/);
    expect(disagreement(floats(nan), floats(1), 1)).toMatch(/^y\[0\] is 1, not NaN/);
    expect(disagreement(floats(1), floats(infinity), 1)).toMatch(/is Infinity/);
    expect(disagreement(floats(nan, infinity, 0), floats(nan, infinity, -0), 1)).toBeUndefined();
    // What is infinite does not widen the bound of the rest.
    expect(disagreement(floats(infinity, 1), floats(infinity, 2), 1)).toMatch(/^y\[1\]/);
  });

  it("of whole numbers are equal or differ", () => {
    expect(disagreement(words(1, 2 ** 31), words(1, 2 ** 31), 1e9)).toBeUndefined();
    expect(disagreement(words(1, 7), words(1, 8), 1e9)).toBe("at[1] is 8, not 7 +- 0");
  });

  it("are compared output by output", () => {
    expect(disagreement([...words(1), ...floats(1)], [...words(1), ...floats(2)], 1)).toMatch(/^y\[0\]/);
  });
});
