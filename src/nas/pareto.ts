/** Something to choose: the more gain and the less of every cost, the better. Costs are in the same order everywhere. */
export interface Tradeoff {
  readonly gain: number;
  readonly costs: readonly number[];
}

/** Whether `a` is nowhere worse than `b` and somewhere better. */
export function dominates(a: Tradeoff, b: Tradeoff): boolean {
  const nowhereWorse = a.gain >= b.gain && a.costs.every((cost, i) => cost <= b.costs[i]!);
  return nowhereWorse && (a.gain > b.gain || a.costs.some((cost, i) => cost < b.costs[i]!));
}

/** Which ones no other dominates; equal ones all are in the set or none is. */
export function paretoSet(all: readonly Tradeoff[]): boolean[] {
  return all.map((one) => !all.some((other) => dominates(other, one)));
}
