import { expect, test } from "vitest";
import { macroCombinations, shapeName } from "../../../src/nas/macro-combinations.ts";
import { sweepConf } from "./sweep-conf.ts";

const names = async (...args: [string, unknown][]) => {
  const { shapes, skipped } = macroCombinations((await sweepConf(...args)).nas.search);
  return { shapes: shapes.map(shapeName).join(" "), skipped: skipped.map(shapeName).join(" ") };
};

/** What the loops of Archai's SearchCombinations yield, written out; those it could not build are the skipped ones. */
test.each([
  [
    { from: [1, 3, 2], to: [2, 5, 3] },
    "r1.c3.n2 r1.c3.n3 r1.c4.n2 r1.c4.n3 r1.c5.n2 r1.c5.n3 r2.c5.n2 r2.c5.n3",
    "r2.c3.n2 r2.c3.n3 r2.c4.n2 r2.c4.n3",
  ],
  [{ from: [2, 8, 4], to: [2, 8, 4] }, "r2.c8.n4", ""],
  [{ from: [0, 1, 1], to: [1, 2, 1] }, "r0.c1.n1 r0.c2.n1", "r1.c1.n1 r1.c2.n1"],
  [{ from: [0, 3, 4], to: [1, 3, 5] }, "r0.c3.n4 r0.c3.n5 r1.c3.n4 r1.c3.n5", ""],
  [{ from: [1, 3, 2], to: [0, 5, 3] }, "", ""],
])("%o", async ({ from, to }, shapes, skipped) => {
  const [reductions, cells, nodes] = from;
  const asked: [string, unknown][] = [
    ["nas.search.pareto.enabled", "True"],
    ["nas.search.model_desc.n_reductions", reductions],
    ["nas.search.model_desc.n_cells", cells],
    ["nas.search.model_desc.cell.n_nodes", nodes],
    ["nas.search.pareto.max_reductions", to[0]],
    ["nas.search.pareto.max_cells", to[1]],
    ["nas.search.pareto.max_nodes", to[2]],
  ];
  expect(await names(...asked)).toEqual({ shapes, skipped });
});

test("without pareto.enabled there is the conf's own", async () => {
  expect(await names()).toEqual({ shapes: "r1.c3.n2", skipped: "" });
});
