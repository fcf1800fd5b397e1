import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  bestSubset,
  countSubsets,
  diverseSubset,
  greedySubset,
  mutualInformation,
} from "../../../src/algos/divnas/diversity.ts";
import { selectDiverse } from "../../../src/algos/divnas/finalizers.ts";
import { divnas } from "../../../src/algos/divnas/index.ts";
import { type Covariance, logDeterminant } from "../../../src/algos/divnas/matrix.ts";
import type { ExperimentConf } from "../../../src/config/index.ts";
import { type EdgeDesc, opDesc } from "../../../src/desc/model-desc.ts";
import { checkAlgorithm } from "../../../src/nas/compatibility.ts";
import type { SearchedEdge } from "../../../src/nas/finalizers.ts";
import { PRIMITIVES } from "../../../src/ops/mixture.ts";

type Matrix = readonly (readonly number[])[];

/** By cofactors along the first row. */
function determinant(matrix: Matrix): number {
  const [first, ...others] = matrix;
  if (!first) return 1;
  return first.reduce((sum, value, column) => {
    const minor = others.map((row) => row.filter((_, index) => index !== column));
    return sum + (column % 2 === 0 ? 1 : -1) * value * determinant(minor);
  }, 0);
}

const part = (matrix: Matrix, chosen: readonly number[]): Matrix =>
  chosen.map((i) => chosen.map((j) => matrix[i]![j]!));
const rest = (matrix: Matrix, chosen: readonly number[]) => [...matrix.keys()].filter((i) => !chosen.includes(i));
const flatten = (matrix: Matrix): Covariance => ({ size: matrix.length, values: matrix.flat() });

/** I(A; V - A) as the definition writes it. */
const information = (matrix: Matrix, chosen: readonly number[]): number =>
  Math.log(
    (determinant(part(matrix, chosen)) * determinant(part(matrix, rest(matrix, chosen)))) / determinant(matrix),
  ) / 2;

/** Every subset of `count` of the numbers below `size`. */
const subsetsOf = (size: number, count: number): number[][] =>
  Array.from({ length: 2 ** size }, (_, bits) => [...Array(size).keys()].filter((i) => bits & (1 << i))).filter(
    ({ length }) => length === count,
  );

/** Kernels between points of a plane; well away from singular. */
const kernels = (points: readonly (readonly [number, number])[]): Matrix =>
  points.map(([x, y], i) => points.map(([u, v], j) => (i === j ? 1 : 0.9 * Math.exp(-((x - u) ** 2) - (y - v) ** 2))));

const coordinate = fc.double({ min: -2, max: 2, noNaN: true });
const covariances = fc.array(fc.tuple(coordinate, coordinate), { minLength: 1, maxLength: 6 }).map(kernels);

/** Candidates 0 and 1 are the same, 2 is a little like both, 3 like nothing. */
const TWINS: Matrix = [
  [1, 1, 0.4, 0],
  [1, 1, 0.4, 0],
  [0.4, 0.4, 1, 0],
  [0, 0, 0, 1],
];

describe("log determinants", () => {
  test("are those of the definition", () => {
    fc.assert(
      fc.property(covariances, (matrix) => {
        const all = [...matrix.keys()];
        expect(logDeterminant(flatten(matrix), all)).toBeCloseTo(Math.log(determinant(matrix)), 9);
        expect(logDeterminant(flatten(matrix), all.slice(1))).toBeCloseTo(
          Math.log(determinant(part(matrix, all.slice(1)))),
          9,
        );
      }),
    );
  });

  test("of singular matrices are finite, and low", () => {
    expect(logDeterminant(flatten(TWINS), [0, 1])).toBeCloseTo(Math.log(1e-6), 6);
    expect(logDeterminant(flatten(TWINS.map((row) => row.map(() => 1))), [0, 1, 2, 3])).toBeCloseTo(
      3 * Math.log(1e-6),
      3,
    );
    expect(logDeterminant(flatten(TWINS), [])).toBe(0);
  });

  test("of what is not a number are none", () => {
    expect(logDeterminant({ size: 2, values: [1, Number.NaN, Number.NaN, 1] }, [0, 1])).toBeNaN();
  });
});

describe("subsets", () => {
  test("of the most mutual information are those of the definition", () => {
    const sized = covariances.chain((matrix) =>
      fc.tuple(fc.constant(matrix), fc.integer({ min: 1, max: matrix.length })),
    );
    fc.assert(
      fc.property(sized, ([matrix, count]) => {
        const { chosen, information: best } = bestSubset(flatten(matrix), count);
        const all = subsetsOf(matrix.length, count).map((subset) => information(matrix, subset));
        expect(chosen).toHaveLength(count);
        expect(best).toBeCloseTo(information(matrix, chosen), 9);
        expect(best).toBeCloseTo(Math.max(...all), 9);
        expect(mutualInformation(flatten(matrix), chosen)).toBe(best);
      }),
    );
  });

  test("chosen greedily grow by what adds the most", () => {
    fc.assert(
      fc.property(covariances, (matrix) => {
        const { chosen } = greedySubset(flatten(matrix), matrix.length);
        expect([...chosen].sort()).toEqual([...matrix.keys()]);
        for (const [step, candidate] of chosen.entries()) {
          const before = chosen.slice(0, step);
          const gains = rest(matrix, before).map((other) => information(matrix, [...before, other]));
          expect(information(matrix, [...before, candidate])).toBeCloseTo(Math.max(...gains), 9);
        }
      }),
    );
  });

  test("of equal candidates take one of them, and no NaN", () => {
    for (const choose of [bestSubset, greedySubset]) {
      expect(choose(flatten(TWINS), 1).chosen).toEqual([0]);
      const { chosen, information } = choose(flatten(TWINS), 2);
      expect(chosen.filter((candidate) => candidate < 2)).toHaveLength(1);
      expect(Number.isFinite(information)).toBe(true);
    }
  });

  test("are counted, and too many of them are not looked at", () => {
    expect([countSubsets(35, 2), countSubsets(5, 5), countSubsets(10, 7), countSubsets(40, 20)]).toEqual([
      595, 1, 120, 137846528820,
    ]);
    const line: Matrix = kernels(Array.from({ length: 40 }, (_, i) => [i / 2, Math.sin(i)] as const));
    expect(diverseSubset(flatten(line), 20)).toEqual(greedySubset(flatten(line), 20));
    expect(diverseSubset(flatten(line), 2)).toEqual(bestSubset(flatten(line), 2));
  });
});

const NAMES = PRIMITIVES.filter((name) => name !== "none");

/** An edge whose ops have these alphas, the largest first. */
function searched(input: number, alphas: readonly number[]): SearchedEdge {
  const candidates = NAMES.map((name, index) => ({
    edge: { inputIds: [input], opDesc: opDesc(name, {}) },
    rank: alphas[index]!,
  }));
  return { candidates: candidates.sort((a, b) => b.rank - a.rank) };
}

const spelt = (edges: readonly EdgeDesc[]) => edges.map(({ inputIds, opDesc: { name } }) => `${name} ${inputIds}`);
const PLACE = { cell: 3, node: 1 };
const rising = NAMES.map((_, index) => index);

/** Two edges' covariances in which `first` and `second` tell of each other and of nothing else. */
function related(...pairs: readonly (readonly [number, number, number])[]): Map<string, Float64Array> {
  const size = 2 * NAMES.length;
  const values = Float64Array.from({ length: size * size }, (_, at) => (at % (size + 1) === 0 ? 1 : 0));
  for (const [i, j, value] of pairs) {
    values[i * size + j] = value;
    values[j * size + i] = value;
  }
  return new Map([["3.1", values]]);
}

describe("the choice of a node's edges", () => {
  const edges = [searched(0, rising), searched(1, rising)];
  const choose = (covariances: Map<string, Float64Array>, ranked: boolean, quirks = false, given = edges) =>
    spelt(selectDiverse(covariances, { ranked, quirks })(given, 2, PLACE));

  test("takes the ops that tell most about the others, also twice on an edge", () => {
    // 1 tells of 8, and 2 of 3: one of either.
    expect(choose(related([1, 8, 0.9], [2, 3, 0.8]), false)).toEqual(["avg_pool_3x3 0", "skip_connect 0"]);
  });

  test("ranked, takes none but the better half by alpha", () => {
    // Ops 3 to 6 of the first edge and 4 to 6 of the second are the better half: 1 and 2 are not among them.
    const covariances = related([1, 2, 0.99], [3, 11, 0.8], [6, 12, 0.7]);
    expect(choose(covariances, true)).toEqual(["dil_conv_5x5 0", "sep_conv_5x5 1"]);
  });

  test("ranked as in the reference, looks ops up by their alphas' order", () => {
    // Row 0 is max_pool's, but the reference takes it for the op with the largest alpha; row 7 likewise.
    const covariances = related([0, 1, 0.9], [7, 8, 0.9]);
    expect(choose(covariances, true, true)).toEqual(["dil_conv_5x5 0", "dil_conv_5x5 1"]);
    expect(choose(related([6, 5, 0.9], [13, 12, 0.9]), true)).toEqual(["dil_conv_5x5 0", "dil_conv_5x5 1"]);
  });

  test("keeps edges that were never searched, and does not count them", () => {
    const kept = { kept: { inputIds: [2], opDesc: opDesc("skip_connect", {}) } };
    const found = choose(related([1, 8, 0.9], [2, 3, 0.8]), false, false, [edges[0]!, kept, edges[1]!]);
    expect(found).toEqual(["skip_connect 2", "avg_pool_3x3 0", "skip_connect 0"]);
    expect(choose(new Map(), false, false, [kept])).toEqual(["skip_connect 2"]);
  });

  test("is refused where the search has diverged", () => {
    expect(() => choose(related([0, 1, Number.NaN]), true)).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: the search has diverged, what the candidates of node 1 of cell 3 yield is not finite; lower its learning rates]`,
    );
  });
});

describe("settings that cannot work together", () => {
  const conf = (finalizer: string, archtrainer: string, sigma = 168) =>
    ({
      nas: { search: { finalizer, divnas: { sigma, archtrainer }, pareto: { enabled: false }, trainer: {} } },
    }) as unknown as ExperimentConf;
  const refusal =
    (...settings: Parameters<typeof conf>) =>
    () =>
      checkAlgorithm(divnas, conf(...settings));

  test.each(divnas.finalizers.map((finalizer) => [finalizer]))("alphas and finalizer %s work", (finalizer) => {
    expect(refusal(finalizer, "bilevel")).not.toThrow();
  });

  test("no alphas, and a finalizer that ranks by them", () => {
    expect(refusal("mi", "noalpha")).not.toThrow();
    expect(refusal("random", "noalpha")).not.toThrow();
    expect(refusal("default", "noalpha")).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.finalizer "default" ranks ops by their alphas, and with nas.search.divnas.archtrainer "noalpha" there are none; set the finalizer to mi or random, or archtrainer to "bilevel"]`,
    );
    expect(refusal("mi_ranked", "noalpha")).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.finalizer "mi_ranked" ranks ops by their alphas, and with nas.search.divnas.archtrainer "noalpha" there are none; set the finalizer to mi or random, or archtrainer to "bilevel"]`,
    );
  });

  test("a kernel without width", () => {
    expect(refusal("mi", "bilevel", 0)).toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: nas.search.divnas.sigma is 0; it must be above, the reference has 168]`,
    );
  });
});
