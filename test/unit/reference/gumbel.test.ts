import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { flat } from "../../../src/graph/types.ts";
import { gumbel, Rng } from "../../../src/random/rng.ts";
import { evaluateReference, type Feeds } from "../../../src/runtime/reference/index.ts";

const ALPHAS = [0.5, -1, 0, 1.5, -0.25, 0.75];
const exp = ALPHAS.map(Math.exp);
const SOFTMAX = exp.map((value) => value / exp.reduce((sum, each) => sum + each, 0));
const STEP = { seed: 5, step: 3, dropPath: 0, temperature: 1 };

/** Of two vectors of three alphas. */
function weights(samples: number, step: Feeds["step"], index = 0): number[] {
  const g = new GraphBuilder();
  const vectors = ["a", "b"].map((name) => g.input(name, flat([3])));
  g.output("y", g.add("gumbel_softmax", vectors, { index, samples }));
  const inputs = { a: ALPHAS.slice(0, 3), b: ALPHAS.slice(3) };
  return [...evaluateReference(g.build(), { inputs, params: {}, step }).get("y")!];
}

describe("gumbel_softmax", () => {
  test("is one softmax over all vectors when it draws nothing, whatever the step", () => {
    weights(0, undefined).forEach((value, i) => {
      expect(value).toBeCloseTo(SOFTMAX[i]!, 12);
    });
    expect(weights(0, { ...STEP, temperature: 0.1 })).toEqual(weights(0, undefined));
  });

  test("chooses, when it is cold, each element as often as the softmax says", () => {
    const samples = 10_000;
    const mean = weights(samples, { ...STEP, temperature: 1e-4 });
    // Five standard deviations of the share of an event of probability p; all but the few near ties are one or zero.
    mean.forEach((value, i) => {
      const p = SOFTMAX[i]!;
      expect(Math.abs(value - p), `element ${i}`).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / samples));
    });
    const single = weights(1, { ...STEP, temperature: 1e-4 });
    expect(Math.max(...single)).toBeCloseTo(1, 6);
  });

  test("is nearly even when it is hot, and always sums to 1", () => {
    const hot = weights(3, { ...STEP, temperature: 1000 });
    for (const value of hot) expect(Math.abs(value - 1 / 6)).toBeLessThan(0.01);
    for (const temperature of [0.1, 1, 10]) {
      const sum = weights(2, { ...STEP, temperature }).reduce((total, value) => total + value, 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  test("averages samples that are drawn by themselves", () => {
    const one = weights(1, STEP);
    const two = weights(2, STEP);
    const second = two.map((value, i) => 2 * value - one[i]!);
    expect(second.every((value) => value > 0)).toBe(true);
    expect(second).not.toEqual(one);
  });

  test("depends on seed, step and sub-stream alone", () => {
    const first = weights(2, STEP, 1);
    expect(weights(2, STEP, 1)).toEqual(first);
    expect(weights(2, STEP, 2)).not.toEqual(first);
    expect(weights(2, { ...STEP, step: 4 }, 1)).not.toEqual(first);
    expect(weights(2, { ...STEP, seed: 6 }, 1)).not.toEqual(first);
    expect(weights(2, { seed: 5, step: 3, dropPath: 0.3 }, 1), "the temperature is 1 by default").toEqual(first);
  });

  test("needs to know the step", () => {
    expect(() => weights(1, undefined)).toThrowErrorMatchingInlineSnapshot(
      `[Error: the graph draws Gumbel noise: feeds.step says which]`,
    );
  });
});

describe("gumbel noise", () => {
  test("is finite for every word, and larger words give larger noise", () => {
    const words = [0, 1, 2 ** 9, 2 ** 31, 2 ** 32 - 2 ** 9, 2 ** 32 - 1];
    const noise = words.map(gumbel);
    expect(noise.every(Number.isFinite)).toBe(true);
    expect(noise).toEqual(noise.toSorted((a, b) => a - b));
    expect(noise.map((value) => value.toFixed(3))).toMatchInlineSnapshot(`
      [
        "-2.812",
        "-2.812",
        "-2.743",
        "0.367",
        "16.636",
        "16.636",
      ]
    `);
  });

  test("has the distribution's mean and variance", () => {
    const rng = new Rng(3, 0);
    const count = 50_000;
    const noise = Float64Array.from({ length: count }, () => gumbel(rng.word()));
    const mean = noise.reduce((sum, value) => sum + value, 0) / count;
    const variance = noise.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    const [euler, wanted] = [0.5772156649, Math.PI ** 2 / 6];
    // Five standard deviations; the fourth central moment of the distribution is 5.4 times its squared variance.
    expect(Math.abs(mean - euler)).toBeLessThan(5 * Math.sqrt(wanted / count));
    expect(Math.abs(variance - wanted)).toBeLessThan(5 * wanted * Math.sqrt(4.4 / count));
  });
});
