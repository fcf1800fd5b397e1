import { describe, expect, it } from "vitest";
import { countPredictions, predictionOf, probabilitiesOf } from "../../../src/train/predictions.ts";

describe("predictions", () => {
  it("are the largest logit, the first of equals", () => {
    expect([predictionOf([1, 3, 2]), predictionOf([-1, -1]), predictionOf([0, 2, 2])]).toEqual([1, 0, 1]);
  });

  it("are counted by label, rows beyond the labels left out", () => {
    const counts = [
      [0, 0],
      [0, 1],
    ];
    countPredictions(counts, Float32Array.of(1, 0, 0, 1, 5, 4, 0, 9), Uint32Array.of(0, 0, 1));
    expect(counts).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it("have probabilities that sum to 1, however large the logits", () => {
    expect(probabilitiesOf([1000, 1000 + Math.log(3)])).toEqual([expect.closeTo(0.25), expect.closeTo(0.75)]);
  });
});
