import { dot, numberAxis, path, plotSvg } from "./svg.ts";
import { COSTS } from "./sweep.ts";
import { type CostName, costOf, type SweepRow } from "./sweep-row.ts";
import { inPercent } from "./table.ts";

const IN_SET = "#0a6";
const OTHER = "#fff";

/** A sweep as an SVG file: accuracy over one cost, a dot a search, the Pareto set filled and joined by a line. */
export function paretoPlot(all: readonly SweepRow[], cost: CostName): string {
  const { title, write } = COSTS[cost];
  const rows = all.filter((row) => !Number.isNaN(costOf(row, cost)));
  const costs = rows.map((row) => costOf(row, cost));
  const accuracies = rows.map(({ val }) => val.top1);
  const x = numberAxis("x", title, costs.length > 0 ? costs : [0], write);
  const y = numberAxis("y", "top1 in %", accuracies.length > 0 ? accuracies : [0], inPercent);
  const at = (row: SweepRow) => [x.place(costOf(row, cost)), y.place(row.val.top1)] as const;
  const members = rows.filter(({ pareto }) => pareto).sort((a, b) => costOf(a, cost) - costOf(b, cost));
  return plotSvg({
    title: `Accuracy and ${title.replace(/ in .*/, "")} of ${rows.length} searches`,
    desc: `In the Pareto set, from cheap to dear: ${members.map((row) => describe(row, cost)).join("; ")}.`,
    x,
    y,
    marks: [
      path(members.map(at), IN_SET),
      ...rows.map((row) => dot(...at(row), row.found ? 7 : 5, row.pareto ? IN_SET : OTHER, describe(row, cost))),
    ],
  });
}

function describe(row: SweepRow, cost: CostName): string {
  const { title, write } = COSTS[cost];
  const { reductions, cells, nodes } = row;
  const shape = `${reductions} reductions, ${cells} cells, ${nodes} nodes`;
  return `${shape}: ${inPercent(row.val.top1)} %, ${title} ${write(costOf(row, cost))}`;
}
