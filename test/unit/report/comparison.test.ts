import { describe, expect, test } from "vitest";
import { type ComparedRun, comparisonCsv, comparisonText, groupRuns } from "../../../src/report/comparison.ts";
import { comparisonPlot } from "../../../src/report/comparison-plot.ts";

const run = (algo: string, seed: number, outcome: ComparedRun["outcome"]): ComparedRun => ({
  algo,
  dataset: "shapes",
  seed,
  name: `${algo}_shapes_toy_seed${seed}`,
  outcome,
});

const figures = (top1: number, searchSeconds?: number) => ({
  top1,
  params: 9000 + 1000 * top1,
  macs: 4_825_408,
  searchSeconds,
  evalSeconds: 20,
});

const runs = [
  run("darts", 0, figures(0.5, 10)),
  run("random", 0, figures(0.25)),
  run("gs", 0, { error: 'it said "no", and left' }),
  run("darts", 1, figures(0.75, 12)),
  run("random", 1, { error: "out of memory" }),
  run("gs", 1, { error: "the same" }),
];

describe("a comparison", () => {
  test("for a terminal", () => {
    expect(`\n${comparisonText(runs)}\n`).toMatchInlineSnapshot(`
      "
      algorithm  data set       n    test top1 %    search s  evaluation s   parameters  multiply-adds
      darts        shapes       2  62.50 ± 17.68  11.0 ± 1.4    20.0 ± 0.0  9,625 ± 177  4,825,408 ± 0
      random       shapes  1 of 2          25.00           -          20.0        9,250      4,825,408
      gs           shapes  0 of 2         failed           -             -            -              -
      mean ± sample standard deviation over n runs
      gs on shapes, seed 0, failed: it said "no", and left
      random on shapes, seed 1, failed: out of memory
      gs on shapes, seed 1, failed: the same
      "
    `);
  });

  test("as CSV", () => {
    expect(comparisonCsv(runs)).toMatchInlineSnapshot(`
      "algorithm,dataset,seed,run,test_top1,search_seconds,eval_seconds,params,macs,error
      darts,shapes,0,darts_shapes_toy_seed0,0.5,10,20,9500,4825408,
      random,shapes,0,random_shapes_toy_seed0,0.25,,20,9250,4825408,
      gs,shapes,0,gs_shapes_toy_seed0,,,,,,"it said ""no"", and left"
      darts,shapes,1,darts_shapes_toy_seed1,0.75,12,20,9750,4825408,
      random,shapes,1,random_shapes_toy_seed1,,,,,,out of memory
      gs,shapes,1,gs_shapes_toy_seed1,,,,,,the same
      "
    `);
  });

  test("keeps the order of algorithms, and data sets apart", () => {
    const other = { ...run("darts", 0, figures(0.5)), dataset: "cifar10" };
    expect(groupRuns([...runs, other]).map(({ algo, dataset, runs: all }) => [algo, dataset, all])).toEqual([
      ["darts", "shapes", 2],
      ["random", "shapes", 2],
      ["gs", "shapes", 2],
      ["darts", "cifar10", 1],
    ]);
  });
});

describe("a plot of it", () => {
  const svg = comparisonPlot(runs, "shapes");

  test("has a dot for each run that ended, a mean for each algorithm, a deviation for those with several", () => {
    expect(svg.match(/<circle/g)).toHaveLength(3);
    // Two means, and the stem and both ends of one deviation.
    expect(svg.match(/stroke="#c30"/g)).toHaveLength(5);
    expect(svg).not.toContain("NaN");
  });

  test("says in words what it shows", () => {
    expect(svg.match(/<(title|desc) [^>]*>[^<]*/g)).toMatchInlineSnapshot(`
      [
        "<title id="title">Test accuracy on shapes",
        "<desc id="desc">Mean ± sample standard deviation. darts: 62.50 ± 17.68 % of 2 runs; random: 25.00 % of 1 runs; gs: all 2 runs failed.",
      ]
    `);
  });

  test("is there also where all failed", () => {
    const failed = comparisonPlot([run("darts", 0, { error: "no" })], "shapes");
    expect(failed).toContain("all 1 runs failed");
    expect(failed).not.toContain("NaN");
  });

  test("escapes what XML would read", () => {
    expect(comparisonPlot([run("<&>", 0, figures(0.5))], "shapes")).toContain("&lt;&amp;&gt;");
  });
});
