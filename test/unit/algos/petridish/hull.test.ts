import * as fc from "fast-check";
import { expect, test } from "vitest";
import { convexHull, insertion } from "../../../../src/algos/petridish/hull.ts";

/** Costs are whole numbers, as multiply-adds are; errors are shares of a thousand images. */
const point = fc.record({ x: fc.integer({ min: 1, max: 40 }), y: fc.integer({ min: 0, max: 1000 }) });
const points = fc.array(
  point.map(({ x, y }) => ({ x: 1e6 * x, y: y / 1000 })),
  { minLength: 1, maxLength: 30 },
);

const setOf = (all: readonly { x: number; y: number }[]) => ({ xs: all.map(({ x }) => x), ys: all.map(({ y }) => y) });

/** The error that is had for a cost: that of the hull's line, and of its last point beyond it; none below the cheapest. */
function errorAt({ xs, ys }: ReturnType<typeof setOf>, x: number): number {
  const { hull } = convexHull({ xs, ys });
  let best = Number.POSITIVE_INFINITY;
  hull.forEach((at, i) => {
    if (xs[at]! <= x) best = Math.min(best, ys[at]!);
    const next = hull[i + 1];
    if (next === undefined || xs[at]! > x || xs[next]! < x || xs[at] === xs[next]) return;
    best = Math.min(best, ys[at]! + ((ys[next]! - ys[at]!) * (x - xs[at]!)) / (xs[next]! - xs[at]!));
  });
  return best;
}

test("the hull never gets worse as points are added", () => {
  fc.assert(
    fc.property(points, (all) => {
      for (let count = 1; count < all.length; count++) {
        const [before, after] = [setOf(all.slice(0, count)), setOf(all.slice(0, count + 1))];
        for (let x = 0; x <= 41e6; x += 1e6) {
          // Some roundings of numbers up to 1.
          expect(errorAt(after, x)).toBeLessThanOrEqual(errorAt(before, x) + 1e-12);
        }
      }
    }),
  );
});

test("no point lies below the hull, and what lies on it lies near it", () => {
  fc.assert(
    fc.property(points, fc.double({ min: 0, max: 0.5, noNaN: true }), (all, eps) => {
      const set = setOf(all);
      const { hull, near } = convexHull(set, { eps });
      for (const { x, y } of all) expect(y).toBeGreaterThanOrEqual(errorAt(set, x) - 1e-12);
      for (const at of hull) expect(near).toContain(at);
      // Of several points of one cost that are on the hull all but the lowest lie above it: as in Archai.
      const above = (at: number) => hull.some((one) => set.xs[one] === set.xs[at] && set.ys[one]! < set.ys[at]!);
      for (const at of near) {
        if (hull.includes(at) && above(at)) continue;
        expect(set.ys[at]! * (1 - 1e-12)).toBeLessThanOrEqual(errorAt(set, set.xs[at]!) * (1 + eps));
      }
    }),
  );
});

test("a point enters below the hull and stays out above it", () => {
  fc.assert(
    fc.property(points, point, (all, { x, y }) => {
      const set = setOf(all);
      // Points of one cost may both be on a hull; to be entered it has one for each cost.
      const { hull } = convexHull(set);
      const line = hull.filter((at, i) => set.xs[hull[i + 1] ?? -1] !== set.xs[at]);
      const front = setOf(line.map((at) => all[at]!));
      const [cost, error] = [1e6 * x + 0.5, y / 1000];
      const bound = errorAt(set, cost);
      if (Math.abs(error - bound) < 1e-9) return;
      expect(insertion(front, cost, error) !== undefined).toBe(error < bound);
    }),
  );
});

test("a network without errors is beaten by none", () => {
  expect(insertion({ xs: [1, 2], ys: [0.5, 0] }, 3, 0)).toEqual({ from: 2, to: 2 });
  expect(insertion({ xs: [1, 2], ys: [0.5, 0] }, 3, 0.1, 0.025)).toBeUndefined();
});
