import type { CellDesc, EdgeDesc, ModelDesc, NodeDesc, OpDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import { type Alphas, alphasName, PRIMITIVES } from "../ops/mixture.ts";
import { Rng } from "../random/rng.ts";
import { STREAMS } from "../random/streams.ts";
import type { FinalizerName } from "./search-method.ts";
import type { Finalizer } from "./trained.ts";

/** One way to turn a searched edge into a fixed one. */
export interface Candidate {
  readonly edge: EdgeDesc;
  /** The alpha that speaks for it. */
  readonly rank: number;
}

/** A searched edge: its possible ops, best first. An edge whose op was never searched is kept as it is. */
export type SearchedEdge = { readonly kept: EdgeDesc } | { readonly candidates: readonly Candidate[] };

/** Where a node stands, for finalizers that draw random numbers. */
export interface NodePlace {
  readonly cell: number;
  readonly node: number;
}

/** Chooses the edges of a node; what an algorithm replaces when it selects differently. */
export type SelectEdges = (edges: readonly SearchedEdge[], maxFinalEdges: number, place: NodePlace) => EdgeDesc[];

/**
 * Turns a supernet into an architecture: every mixture of primitives becomes one op, every node keeps at most
 * `maxFinalEdges` edges. `none` is never chosen: a node without connections would be no node.
 *
 * @param alphas undefined where none were trained: then all ops rank alike, in the order of the primitives
 * @throws SupernetError("desc") when alphas of an edge are missing or not finite
 */
export function finalizeModel(
  desc: ModelDesc,
  alphas: Alphas | undefined,
  select: SelectEdges = selectBest,
): ModelDesc {
  return {
    ...desc,
    cellDescs: desc.cellDescs.map((cell) => ({
      ...cell,
      nodes: cell.nodes.map((node, index) => finalizeNode(cell, node, index, alphas, desc.maxFinalEdges, select)),
    })),
  };
}

function finalizeNode(
  cell: CellDesc,
  node: NodeDesc,
  index: number,
  alphas: Alphas | undefined,
  maxFinalEdges: number,
  select: SelectEdges,
): NodeDesc {
  const searched = node.edges.map((edge, e): SearchedEdge => {
    if (!MIXTURES.has(edge.opDesc.name)) return { kept: edge };
    if (!alphas) return { candidates: candidatesOf(edge) };
    return { candidates: candidatesOf(edge, edgeAlphas(cell, index, e, alphas)) };
  });
  return { ...node, edges: select(searched, maxFinalEdges, { cell: cell.id, node: index }) };
}

/**
 * The alphas of an edge, by primitive.
 * @throws SupernetError("desc") when they are missing or not finite
 */
export function edgeAlphas(cell: CellDesc, node: number, edge: number, alphas: Alphas): ArrayLike<number> {
  const name = alphasName(cell.trainablesFrom, node, edge);
  const values = alphas.get(name);
  if (!values) throw new SupernetError("desc", `there are no alphas ${name} to finalize with`);
  if (!Array.prototype.every.call(values, Number.isFinite)) {
    throw new SupernetError("desc", `the search has diverged, ${name} is not finite; lower its learning rates`);
  }
  return values;
}

/** The finalizer that chooses by alphas, node by node. */
export function byAlphas(select: SelectEdges = selectBest): Finalizer {
  return { finalize: (supernet, { alphas }) => finalizeModel(supernet, alphas, select) };
}

/** Nodes a cell can have before two of them would share a random stream. */
const NODES = 1024;

/** The random stream of a node, for finalizers that draw. */
export const nodeRng = (seed: number, stream: number, { cell, node }: NodePlace): Rng =>
  new Rng(seed, stream, cell * NODES + node);

/** What most algorithms finalize with: `default` is `selectBest`, `random` draws by the seed. */
export function defaultOrRandom(name: FinalizerName, seed: number): Finalizer {
  return byAlphas(name === "random" ? selectBySeed(seed) : selectBest);
}

/** `selectRandom` with draws that the seed and the node's place decide. */
export const selectBySeed = (seed: number): SelectEdges =>
  selectRandom((total, count, place) =>
    nodeRng(seed, STREAMS.randomSearch, place).permutation(total).subarray(0, count),
  );

/** Ops whose edge has one alpha a primitive. */
const MIXTURES: ReadonlySet<string> = new Set(["mixed_op", "div_op", "xnas_op", "gs_op"]);

/** All primitives but `none`, by falling alpha; equal ones in the order of the primitives. */
function candidatesOf(edge: EdgeDesc, alphas?: ArrayLike<number>): Candidate[] {
  const candidates = PRIMITIVES.flatMap((name, index) => {
    if (name === "none") return [];
    const opDesc: OpDesc = { ...edge.opDesc, name };
    return [{ edge: { ...edge, opDesc }, rank: alphas?.[index] ?? 0 }];
  });
  return candidates.sort((a, b) => b.rank - a.rank);
}

/**
 * DARTS's selection (Liu et al. 2019, section 2.4): the best op of every edge, then the edges with the highest alphas. As in
 * Archai, edges that were never searched come first and do not count, and the others keep their order when all of them fit.
 */
export const selectBest: SelectEdges = (edges, maxFinalEdges) => {
  const kept = edges.flatMap((edge) => ("kept" in edge ? [edge.kept] : []));
  const best = edges.flatMap((edge) => ("kept" in edge ? [] : [edge.candidates[0]!]));
  const chosen = best.length <= maxFinalEdges ? best : best.sort((a, b) => b.rank - a.rank).slice(0, maxFinalEdges);
  return [...kept, ...chosen.map(({ edge }) => edge)];
};

/**
 * Chooses at random among all ops of all edges of the node, so that an edge may appear twice and an alpha does not count.
 *
 * @param draw `count` different numbers below `total`, in the order in which they become edges
 */
export function selectRandom(draw: (total: number, count: number, place: NodePlace) => ArrayLike<number>): SelectEdges {
  return (edges, maxFinalEdges, place) => {
    const kept = edges.flatMap((edge) => ("kept" in edge ? [edge.kept] : []));
    const candidates = edges.flatMap((edge) => ("kept" in edge ? [] : edge.candidates));
    const count = Math.min(candidates.length, maxFinalEdges);
    return [...kept, ...Array.from(draw(candidates.length, count, place), (index) => candidates[index]!.edge)];
  };
}
