/** Point i of a set is (xs[i], ys[i]): a cost and an error. */
export interface PointSet {
  readonly xs: readonly number[];
  readonly ys: readonly number[];
}

export interface HullOptions {
  /** Share of the hull's error by which a point may lie above it and still count; default 0. */
  readonly eps?: number | undefined;
  /** Also keep the part of the hull that rises towards expensive points; default false. */
  readonly allowIncrease?: boolean;
}

/** Points by number, in the order of their cost. */
export interface Hull {
  readonly hull: readonly number[];
  /** On the hull, or above it within `eps`. */
  readonly near: readonly number[];
}

/** Points closer than this in both directions count as one. */
const SAME = 1e-6;

/** Whether (x3, y3) lies to the left of the ray from (x1, y1) to (x2, y2). */
function left(x1: number, y1: number, x2: number, y2: number, x3: number, y3: number): boolean {
  return (x2 - x1) * (y3 - y1) - (x3 - x1) * (y2 - y1) > 0;
}

/**
 * The lower convex hull of a set, by Andrew's monotone chain: the networks that no mixture of others beats at their cost.
 * Of points of the same cost that come first in the set both may be on it, as in Archai.
 */
export function convexHull({ xs, ys }: PointSet, { eps = 0, allowIncrease = false }: HullOptions = {}): Hull {
  const order = byCost({ xs, ys });
  if (order.length <= 1) return { hull: order, near: order };
  const hull: number[] = [];
  /** Removes from the end what lies above the line to (x, y). */
  const removeAbove = (x: number, y: number) => {
    while (hull.length > 1) {
      const [before, last] = [hull.at(-2)!, hull.at(-1)!];
      const apart = Math.abs(x - xs[last]!) > SAME || Math.abs(y - ys[last]!) > SAME;
      if (apart && !left(x, y, xs[last]!, ys[last]!, xs[before]!, ys[before]!)) break;
      hull.pop();
    }
  };
  for (const point of order) {
    removeAbove(xs[point]!, ys[point]!);
    hull.push(point);
  }
  const end = { x: 2 * xs[order.at(-1)!]!, y: Math.min(...ys) };
  // A point far to the right with the smallest error cuts off what rises.
  if (!allowIncrease) removeAbove(end.x, end.y);
  return { hull, near: eps > 0 ? nearHull({ xs, ys }, order, hull, eps) : hull };
}

/** Numbers of the points by rising cost, and error among equals; the order of the set where its costs rise already. */
function byCost({ xs, ys }: PointSet): number[] {
  const order = xs.map((_, index) => index);
  if (xs.every((x, index) => index === 0 || xs[index - 1]! <= x)) return order;
  return order.sort((a, b) => xs[a]! - xs[b]! || ys[a]! - ys[b]!);
}

function nearHull({ xs, ys }: PointSet, order: readonly number[], hull: readonly number[], eps: number): number[] {
  let passed = 0;
  return order.filter((point) => {
    if (point === hull[passed]) {
      passed++;
      return true;
    }
    const [before, after] = [hull[passed - 1]!, hull[passed]];
    // Beyond the largest network of the hull its error counts.
    const bound = after === undefined ? ys[before]! : between(xs, ys, before, after, xs[point]!);
    return ys[point]! <= bound * (1 + eps);
  });
}

/** Error of the line from one point to another at x; the smaller of both errors where they cost the same. */
function between(xs: readonly number[], ys: readonly number[], a: number, b: number, x: number): number {
  const y = ys[a]! + ((ys[b]! - ys[a]!) / (xs[b]! - xs[a]!)) * (x - xs[a]!);
  return Number.isFinite(y) ? y : Math.min(ys[a]!, ys[b]!);
}

/** What a new point does to a hull: it takes the place of the points from `from` up to `to`, or stays out. */
export type Insertion = { readonly from: number; readonly to: number } | undefined;

/**
 * Where a new point enters a hull.
 * @param hull its points by rising cost
 * @param eps share of the hull's error by which it may lie above; it then replaces nothing: the empty range at the end
 */
export function insertion({ xs, ys }: PointSet, x: number, y: number, eps = 0): Insertion {
  const count = xs.length;
  if (count === 0) return { from: 0, to: 0 };
  const found = xs.findIndex((known) => known >= x);
  const place = found === -1 ? count : found;
  const bound = errorAt({ xs, ys }, place, x, y);
  if (y > bound * (1 + eps)) return undefined;
  if (y >= bound) return { from: count, to: count };
  let from = place;
  // The cheapest point always stays.
  while (from - 1 >= 1 && left(x, y, xs[from - 1]!, ys[from - 1]!, xs[from - 2]!, ys[from - 2]!)) from--;
  let to = place;
  const lowest = Math.min(y, ...ys);
  while (to < count) {
    const [nextX, nextY] = to + 1 < count ? [xs[to + 1]!, ys[to + 1]!] : [2 * xs[to]!, lowest];
    const turn = (xs[to]! - x) * (nextY - y) - (nextX - x) * (ys[to]! - y);
    if (turn >= 0) break;
    to++;
  }
  return { from, to };
}

/** The hull's error at x. @param place of the first point that does not cost less */
function errorAt({ xs, ys }: PointSet, place: number, x: number, y: number): number {
  if (place === xs.length) return Math.min(...ys);
  if (xs[place] === x) return ys[place]!;
  // Cheaper than all others: always below.
  if (place === 0) return y === 0 ? 1 : 1.1 * y;
  return between(xs, ys, place - 1, place, x);
}
