import { describe, expect, it } from "vitest";
import { updateXnasAlphas } from "../../../src/ops/xnas-update.ts";

const step = { eta: 0.1, gradClip: 1, t: 9, total: 10, evict: true };

describe("updateXnasAlphas", () => {
  it("multiplies each alpha with the exponential of its reward", () => {
    const alphas = updateXnasAlphas([1, 2], [3, -3], { ...step, evict: false });
    expect(alphas[0]).toBeCloseTo(Math.exp(0.3), 12);
    expect(alphas[1]).toBeCloseTo(2 * Math.exp(-0.3), 12);
  });

  it("evicts what the remaining steps cannot bring back to the leader", () => {
    // One step left: it may gain exp(0.2) on the leader at best.
    const limit = Math.exp(-0.2);
    expect(updateXnasAlphas([1, limit * 0.999], [0, 0], step)).toEqual([1, 0]);
    expect(updateXnasAlphas([1, limit * 1.001], [0, 0], step)[1]).toBeGreaterThan(0);
    expect(updateXnasAlphas([1, limit * 0.999], [0, 0], { ...step, t: 0 })[1]).toBeGreaterThan(0);
  });

  it("leaves evicted ops evicted", () => {
    expect(updateXnasAlphas([1, 0], [0, 1000], step)).toEqual([1, 0]);
  });
});
