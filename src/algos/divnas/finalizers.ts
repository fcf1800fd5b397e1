import type { ModelDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";
import {
  type Candidate,
  defaultOrRandom,
  finalizeModel,
  type NodePlace,
  type SearchedEdge,
  type SelectEdges,
  selectBySeed,
} from "../../nas/finalizers.ts";
import type { SearchConf } from "../../nas/search-method.ts";
import type { Finalizer } from "../../nas/trained.ts";
import { PRIMITIVES } from "../../ops/mixture.ts";
import type { Covariances } from "../../train/covariances.ts";
import { diverseSubset } from "./diversity.ts";
import type { Covariance } from "./matrix.ts";

export type DivnasConf = NonNullable<SearchConf["divnas"]>;

/** What `nas.search.finalizer` names, for weights that were trained with alphas or without. */
export function divnasFinalizer(conf: SearchConf, { sigma, archtrainer }: DivnasConf, seed: number): Finalizer {
  const { finalizer, trainer } = conf;
  const quirks = trainer.reference_quirks ?? false;
  const trained = archtrainer === "bilevel";
  if (finalizer !== "mi" && finalizer !== "mi_ranked") {
    if (trained) return defaultOrRandom(finalizer, seed);
    return { finalize: (supernet) => finalizeModel(supernet, undefined, selectBySeed(seed)) };
  }
  return {
    covariances: { sigma, lastBatch: quirks },
    finalize: (supernet: ModelDesc, { alphas, covariances }) => {
      if (!covariances) throw new Error(`the finalizer ${finalizer} needs covariances`);
      const select = selectDiverse(covariances, { ranked: finalizer === "mi_ranked", quirks });
      return finalizeModel(supernet, trained ? alphas : undefined, select);
    },
  };
}

export interface DiversitySettings {
  /** Choose among the better half of a node's candidates only, by their alphas. */
  readonly ranked: boolean;
  /**
   * Look the ranked candidates up as the reference does: it numbers those of an edge by falling alpha, but computes the
   * covariances in the order of the primitives.
   */
  readonly quirks: boolean;
}

/** A candidate of a node, and its row in the covariances. */
interface Row {
  readonly candidate: Candidate;
  readonly row: number;
}

/**
 * Chooses the candidates of a node that tell most about the others, whatever edges they are on: an edge may appear twice. Edges
 * that were never searched come first and do not count.
 */
export function selectDiverse(covariances: Covariances, { ranked, quirks }: DiversitySettings): SelectEdges {
  return (edges, maxFinalEdges, place) => {
    const kept = edges.flatMap((edge) => ("kept" in edge ? [edge.kept] : []));
    const all = rowsOf(edges, ranked && quirks);
    if (all.length === 0) return kept;
    const count = Math.min(maxFinalEdges, all.length);
    const considered = ranked ? betterHalf(all, count) : [...all].sort((a, b) => a.row - b.row);
    const { chosen } = diverseSubset(among(covariances, place, all.length, considered), count);
    return [...kept, ...chosen.map((index) => considered[index]!.candidate.edge)];
  };
}

const NAMES: readonly string[] = PRIMITIVES.filter((name) => name !== "none");

/** All candidates of a node. @param byRank rows of an edge go by falling alpha */
function rowsOf(edges: readonly SearchedEdge[], byRank: boolean): Row[] {
  const searched = edges.flatMap((edge) => ("kept" in edge ? [] : [edge.candidates]));
  return searched.flatMap((candidates, edge) =>
    candidates.map((candidate, rank) => {
      const index = byRank ? rank : NAMES.indexOf(candidate.edge.opDesc.name);
      return { candidate, row: edge * NAMES.length + index };
    }),
  );
}

/** Half of the candidates, or as many as are chosen, by falling alpha. */
function betterHalf(all: readonly Row[], count: number): Row[] {
  const sorted = [...all].sort((a, b) => b.candidate.rank - a.candidate.rank);
  return sorted.slice(0, Math.max(count, Math.floor(all.length / 2)));
}

/** The covariances among some candidates. @throws SupernetError("desc") when they are not finite */
function among(covariances: Covariances, { cell, node }: NodePlace, size: number, rows: readonly Row[]): Covariance {
  const values = covariances.get(`${cell}.${node}`);
  if (values?.length !== size * size)
    throw new Error(`no covariances of the ${size} candidates of node ${cell}.${node}`);
  if (!values.every(Number.isFinite)) {
    throw new SupernetError(
      "desc",
      `the search has diverged, what the candidates of node ${node} of cell ${cell} yield is not finite; ` +
        "lower its learning rates",
    );
  }
  return { size: rows.length, values: rows.flatMap((i) => rows.map((j) => values[i.row * size + j.row]!)) };
}
