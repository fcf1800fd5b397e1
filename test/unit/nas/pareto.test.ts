import fc from "fast-check";
import { expect, test } from "vitest";
import { dominates, paretoSet, type Tradeoff } from "../../../src/nas/pareto.ts";

/** Few different values, so that there are ties. */
const value = fc.integer({ min: 0, max: 6 });
const sets = fc.integer({ min: 1, max: 3 }).chain((costs) =>
  fc.array(fc.record({ gain: value, costs: fc.array(value, { minLength: costs, maxLength: costs }) }), {
    minLength: 1,
    maxLength: 30,
  }),
);

const split = (all: readonly Tradeoff[]) => {
  const inSet = paretoSet(all);
  return { members: all.filter((_, i) => inSet[i]), others: all.filter((_, i) => !inSet[i]) };
};

test("no member of the set is dominated by anything", () => {
  fc.assert(
    fc.property(sets, (all) => {
      for (const member of split(all).members) expect(all.some((other) => dominates(other, member))).toBe(false);
    }),
  );
});

test("everything else is dominated by a member", () => {
  fc.assert(
    fc.property(sets, (all) => {
      const { members, others } = split(all);
      for (const other of others) expect(members.some((member) => dominates(member, other))).toBe(true);
    }),
  );
});

test("domination is a strict order", () => {
  fc.assert(
    fc.property(sets, (all) => {
      for (const a of all) {
        expect(dominates(a, a)).toBe(false);
        for (const b of all) if (dominates(a, b)) expect(dominates(b, a)).toBe(false);
      }
    }),
  );
});

test("the most accurate and the cheapest are in it; equals are together", () => {
  const all = [
    { gain: 0.9, costs: [10] },
    { gain: 0.5, costs: [1] },
    { gain: 0.5, costs: [1] },
    { gain: 0.9, costs: [11] },
    { gain: 0.6, costs: [5] },
    { gain: 0.4, costs: [2] },
  ];
  expect(paretoSet(all)).toEqual([true, true, true, false, true, false]);
});
