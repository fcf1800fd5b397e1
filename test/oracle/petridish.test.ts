import { describe, expect, it } from "vitest";
import { convexHull, insertion } from "../../src/algos/petridish/hull.ts";
import { frontier, type Measured, type Stage, samplingProbabilities } from "../../src/algos/petridish/points.ts";
import { hullTable, type TableRow } from "../../src/algos/petridish/table.ts";
import { relativeError } from "../gpu/vectors.ts";
import { caseNames, loadJson, reportNone } from "./support.ts";

interface HullCase {
  readonly case: string;
  readonly xs: readonly number[];
  readonly ys: readonly number[];
  readonly results: readonly {
    readonly eps: number | null;
    readonly allow_increase: boolean;
    readonly hull: readonly number[];
    readonly eps_hull: readonly number[];
  }[];
}

interface InsertCase {
  readonly hull_xs: readonly number[];
  readonly hull_ys: readonly number[];
  readonly x: number;
  readonly y: number;
  readonly eps: number;
  /** First and one after the last of the points that are replaced; null where the point stays out. */
  readonly replaces: readonly [number, number] | null;
}

interface PoolCase {
  readonly points: readonly {
    readonly id: number;
    readonly MAdd: number;
    readonly top1: number;
    readonly sampling_count: number;
  }[];
  readonly convex_hull_eps: number;
  readonly front: readonly number[];
  readonly eps_front: readonly number[];
  readonly sample_prob: readonly number[];
  readonly tsv: string;
}

interface Golden {
  readonly hulls: readonly HullCase[];
  readonly insert: readonly InsertCase[];
  readonly pools: readonly PoolCase[];
}

const found = caseNames("misc").includes("hull");
reportNone("hulls", found ? ["hull"] : []);
const golden: Golden = found ? loadJson<Golden>("misc/hull") : { hulls: [], insert: [], pools: [] };

describe.runIf(found)("golden hulls", () => {
  for (const { case: name, xs, ys, results } of golden.hulls) {
    it.each(results)(`${name}, eps $eps, rising $allow_increase`, ({ eps, allow_increase, hull, eps_hull }) => {
      const ours = convexHull({ xs, ys }, { eps: eps ?? 0, allowIncrease: allow_increase });
      expect(ours).toEqual({ hull, near: eps_hull });
    });
  }

  it.each(golden.insert.map((entry, index) => ({ index, entry })))("insertion $index", ({ entry }) => {
    const { hull_xs: xs, hull_ys: ys, x, y, eps, replaces } = entry;
    const ours = insertion({ xs, ys }, x, y, eps);
    expect(ours && [ours.from, ours.to]).toEqual(replaces ?? undefined);
  });
});

describe.runIf(found)("golden pools of networks", () => {
  describe.each(golden.pools.map((pool, index) => ({ index, pool })))("pool $index", ({ pool }) => {
    const points = pool.points.map(({ id, MAdd, top1, sampling_count }): Measured & { readonly id: number } => ({
      id,
      madd: MAdd,
      top1,
      samplingCount: sampling_count,
    }));

    it("front, and what is near it", () => {
      const { front, near } = frontier(points, pool.convex_hull_eps);
      expect({ front: ids(front), near: ids(near) }).toEqual({ front: pool.front, near: pool.eps_front });
    });

    it("probabilities of being drawn", () => {
      const { near } = frontier(points, pool.convex_hull_eps);
      // A handful of operations in double precision on each side.
      expect(relativeError(samplingProbabilities(near), pool.sample_prob)).toBeLessThan(1e-14);
    });

    it("table", () => {
      const [, ...rows] = pool.tsv.split("\n");
      expect(hullTable(rows.map(rowOf))).toBe(pool.tsv);
    });
  });
});

const ids = (points: readonly { readonly id: number }[]) => points.map(({ id }) => id);

/** The numbers of a line of the golden table. */
function rowOf(line: string): TableRow {
  const cells = line.split("\t");
  const number = (column: number) => (cells[column] === "nan" ? Number.NaN : Number(cells[column]));
  const best = (column: number) => ({ epoch: number(column), top1: number(column + 1) });
  const stage = cells[1] as Stage;
  return {
    id: number(0),
    stage,
    cells: number(2),
    reductions: number(3),
    nodes: number(4),
    madd: number(5),
    flops: number(6),
    measured: { duration: number(7), mread: number(8), mwrite: number(9), inferenceMemory: number(10) },
    params: number(11),
    train: best(12),
    val: stage === "EVAL_TRAINED" ? best(16) : best(14),
    parentId: number(18),
    samplingCount: number(19),
  };
}
