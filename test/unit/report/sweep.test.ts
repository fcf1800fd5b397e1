import { describe, expect, test } from "vitest";
import { markRows } from "../../../src/nas/sweep-row.ts";
import { paretoPlot } from "../../../src/report/pareto-plot.ts";
import { roundNumbers } from "../../../src/report/svg.ts";
import { sweepReport, sweepTsv } from "../../../src/report/sweep.ts";
import type { SweepFigures, SweepPlace } from "../../../src/report/sweep-row.ts";

const place = (cells: number, top1: number, macs: number, more: Partial<SweepFigures> = {}) =>
  ({
    reductions: 1,
    cells,
    nodes: 2,
    iteration: 0,
    train: { top1: 0.5, epoch: 0 },
    val: { top1, epoch: 1 },
    params: macs / 100,
    flops: macs + 7,
    macs,
    inference: { seconds: 0.00125, bytes: 2_500_000 },
    ...more,
  }) satisfies SweepPlace & SweepFigures;

const rows = markRows([place(3, 0.25, 1000), place(4, 0.5, 3000), place(5, 0.375, 4_000_000)], ["macs"]);

describe("a sweep", () => {
  test("for a terminal", () => {
    expect(`\n${sweepReport(rows, ["macs", "latency"])}\n`).toMatchInlineSnapshot(`
      "
                     reductions  cells  nodes  iter  top1 %  parameters  multiply-adds  memory in MB  latency in ms
      pareto                  1      3      2     0   25.00          10          1,000          2.50           1.25
      pareto, found           1      4      2     0   50.00          30          3,000          2.50           1.25
                              1      5      2     0   37.50      40,000      4,000,000          2.50           1.25
      top1: of images kept back, after a short training; latency: of one image on this device; memory: to classify it
      Pareto set (accurate, low in multiply-adds, latency): 2 of 3
      "
    `);
  });

  test("as a table of tab-separated values", () => {
    expect(sweepTsv(rows).replaceAll("\t", " | ")).toMatchInlineSnapshot(`
      "reductions | cells | nodes | search_iter | train_top1 | train_epoch | val_top1 | val_epoch | flops | macs | params | inference_memory | inference_duration | pareto | found
      1 | 3 | 2 | 0 | 0.5 | 0 | 0.25 | 1 | 1007 | 1000 | 10 | 2500000 | 0.00125 | 1 | 0
      1 | 4 | 2 | 0 | 0.5 | 0 | 0.5 | 1 | 3007 | 3000 | 30 | 2500000 | 0.00125 | 1 | 1
      1 | 5 | 2 | 0 | 0.5 | 0 | 0.375 | 1 | 4000007 | 4000000 | 40000 | 2500000 | 0.00125 | 0 | 0
      "
    `);
  });

  test("as a plot that says in words what it shows", () => {
    const svg = paretoPlot(rows, "macs");
    expect(svg.match(/<(title|desc)[^>]*>[^<]*/g)).toMatchInlineSnapshot(`
      [
        "<title id="title">Accuracy and multiply-adds of 3 searches",
        "<desc id="desc">In the Pareto set, from cheap to dear: 1 reductions, 3 cells, 2 nodes: 25.00 %, multiply-adds 1,000; 1 reductions, 4 cells, 2 nodes: 50.00 %, multiply-adds 3,000.",
        "<title>1 reductions, 3 cells, 2 nodes: 25.00 %, multiply-adds 1,000",
        "<title>1 reductions, 4 cells, 2 nodes: 50.00 %, multiply-adds 3,000",
        "<title>1 reductions, 5 cells, 2 nodes: 37.50 %, multiply-adds 4,000,000",
      ]
    `);
    expect(svg.match(/<circle[^>]*fill="#0a6"/g)).toHaveLength(2);
    expect(svg).not.toContain("NaN");
  });

  test("of one search is a plot, too", () => {
    expect(paretoPlot(markRows([place(3, 0.25, 1000)], ["macs"]), "latency")).not.toContain("NaN");
  });

  test("whose memory is not known says so and leaves it out of the Pareto set", () => {
    const inference = { seconds: 0.001 };
    const unknown = markRows([place(3, 0.5, 1000, { inference }), place(4, 0.25, 2000, { inference })], ["memory"]);
    expect(unknown.map(({ pareto }) => pareto)).toEqual([true, false]);
    expect(sweepReport(unknown, ["memory"]).split("\n")[1]).toMatch(/ {2}- {2}/);
    expect(paretoPlot(unknown, "memory")).not.toContain("NaN");
  });
});

describe("what a sweep has found", () => {
  const foundOf = (...places: (SweepPlace & SweepFigures)[]) =>
    markRows(places, ["macs"]).findIndex(({ found }) => found);

  test("is the most accurate; of equals the one with fewer multiply-adds, then fewer parameters, then the first", () => {
    expect(foundOf(place(3, 0.25, 1), place(4, 0.5, 9))).toBe(1);
    expect(foundOf(place(3, 0.5, 9), place(4, 0.5, 1))).toBe(1);
    expect(foundOf(place(3, 0.5, 9), place(4, 0.5, 9, { params: 0 }))).toBe(1);
    expect(foundOf(place(3, 0.5, 9), place(4, 0.5, 9))).toBe(0);
  });
});

test.each([
  [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [-3, 12, [0, 5, 10]],
  [900, 1100, [900, 950, 1000, 1050, 1100]],
])("round numbers from %d to %d", (first, last, expected) => {
  const numbers = roundNumbers(first, last);
  expect(numbers).toHaveLength(expected.length);
  for (const [i, value] of numbers.entries()) expect(value).toBeCloseTo(expected[i]!, 12);
});
