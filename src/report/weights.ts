import type { CellDesc, CellType, ModelDesc } from "../desc/model-desc.ts";
import { type Alphas, alphasName } from "../ops/mixture.ts";

/**
 * How alphas weigh an edge's primitives: as their softmax, as the softmax of those of all edges of the node, by their share of
 * the sum, or as they are.
 */
export type Meaning = "softmax" | "node_softmax" | "shares" | "plain";

/** By op. */
const MEANING: Readonly<Record<string, Meaning>> = {
  mixed_op: "softmax",
  div_op: "softmax",
  gs_op: "node_softmax",
  xnas_op: "shares",
  petridish_normal_op: "plain",
  petridish_reduction_op: "plain",
};

/** What a search thinks of every primitive on one input of an edge. */
export interface InputWeights {
  readonly node: number;
  /** State that is read: 0 and 1 are the cell's inputs, 2 is node 0, … */
  readonly state: number;
  /** Weight of each primitive, in the order of `PRIMITIVES`. */
  readonly weights: readonly number[];
}

/** The mixtures of a cell that owns alphas. */
export interface MixtureWeights {
  readonly cellType: CellType;
  readonly cell: number;
  /** Softmax and shares sum to 1 over an edge's primitives, node_softmax over those of a node; plain alphas do not. */
  readonly meaning: Meaning;
  readonly edges: readonly InputWeights[];
}

/**
 * What a search thinks of every primitive on every edge, for each cell that owns alphas.
 *
 * @param supernet what was searched; a finished description no longer says which edges there were
 */
export function mixtureWeights(supernet: ModelDesc, alphas: Alphas): MixtureWeights[] {
  return supernet.cellDescs.flatMap((cell) => {
    const edges = cell.trainablesFrom === cell.id ? edgeWeights(cell, alphas) : [];
    if (edges.length === 0) return [];
    const ops = cell.nodes.flatMap((node) => node.edges.map(({ opDesc }) => opDesc.name));
    const meaning = ops.flatMap((op) => MEANING[op] ?? [])[0]!;
    return [{ cellType: cell.cellType, cell: cell.id, meaning, edges }];
  });
}

function edgeWeights({ id, nodes }: CellDesc, alphas: Alphas): InputWeights[] {
  return nodes.flatMap(({ edges }, node) => {
    const inputs = edges.flatMap(({ opDesc, inputIds }, edge) =>
      inputIds.flatMap((state, input) => {
        const name = alphasName(id, node, edge);
        // Petridish has alphas for each of an op's inputs.
        const values = alphas.get(name) ?? alphas.get(`${name}.${input}`);
        const meaning = MEANING[opDesc.name];
        return values && meaning ? [{ state, meaning, values: Array.from(values) }] : [];
      }),
    );
    const all = inputs.flatMap(({ values }) => values);
    return inputs.map(({ state, meaning, values }) => ({ node, state, weights: weigh[meaning](values, all) }));
  });
}

/** Weights by an input's alphas, and those of all inputs of its node. */
const weigh: Readonly<Record<Meaning, (alphas: readonly number[], all: readonly number[]) => readonly number[]>> = {
  softmax: (alphas) => softmax(alphas, alphas),
  node_softmax: softmax,
  shares,
  plain: (alphas) => alphas,
};

/** Softmax over `all` alphas, as far as it concerns some of them. */
function softmax(alphas: readonly number[], all: readonly number[]): number[] {
  const largest = Math.max(...all);
  const sum = all.reduce((total, alpha) => total + Math.exp(alpha - largest), 0);
  return alphas.map((alpha) => Math.exp(alpha - largest) / sum);
}

function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
