import { COST_NAMES, type CostName, costOf, type SweepRow } from "./sweep-row.ts";
import { grouped, inPercent, textTable } from "./table.ts";

/** How a cost is told. */
export const COSTS: Readonly<Record<CostName, { readonly title: string; readonly write: (value: number) => string }>> =
  {
    params: { title: "parameters", write: grouped },
    macs: { title: "multiply-adds", write: grouped },
    memory: { title: "memory in MB", write: (bytes) => (bytes / 1e6).toFixed(2) },
    latency: { title: "latency in ms", write: (seconds) => (seconds * 1000).toFixed(2) },
  };

/**
 * A sweep for a terminal.
 * @param costs what the Pareto set is low in
 */
export function sweepReport(rows: readonly SweepRow[], costs: readonly CostName[]): string {
  const table = textTable([
    ["", "reductions", "cells", "nodes", "iter", "top1 %", ...COST_NAMES.map((name) => COSTS[name].title)],
    ...rows.map((row) => [
      [...(row.pareto ? ["pareto"] : []), ...(row.found ? ["found"] : [])].join(", "),
      ...[row.reductions, row.cells, row.nodes, row.iteration].map(String),
      inPercent(row.val.top1),
      ...COST_NAMES.map((name) => written(name, costOf(row, name))),
    ]),
  ]);
  const titles = costs.map((name) => COSTS[name].title.replace(/ in .*/, "")).join(", ");
  return [
    table,
    "top1: of images kept back, after a short training; latency: of one image on this device; memory: to classify it",
    `Pareto set (accurate, low in ${titles}): ${rows.filter(({ pareto }) => pareto).length} of ${rows.length}`,
  ].join("\n");
}

const written = (name: CostName, value: number) => (Number.isNaN(value) ? "-" : COSTS[name].write(value));

/**
 * A sweep as a table of tab-separated values, in full precision: Archai's columns in its order, with `search_iter`, `macs`,
 * `pareto` and `found` added. Memory is in bytes, durations in seconds.
 */
export function sweepTsv(rows: readonly SweepRow[]): string {
  const lines = rows.map((row) =>
    [
      ...[row.reductions, row.cells, row.nodes, row.iteration],
      ...[row.train.top1, row.train.epoch, row.val.top1, row.val.epoch],
      ...[row.flops, row.macs, row.params, row.inference.bytes ?? Number.NaN, row.inference.seconds],
      ...[Number(row.pareto), Number(row.found)],
    ].join("\t"),
  );
  return `${[COLUMNS.join("\t"), ...lines].join("\n")}\n`;
}

const COLUMNS = [
  ...["reductions", "cells", "nodes", "search_iter", "train_top1", "train_epoch", "val_top1", "val_epoch"],
  ...["flops", "macs", "params", "inference_memory", "inference_duration", "pareto", "found"],
];
