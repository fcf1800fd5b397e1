import type { CellDesc, CellType, ModelDesc } from "../desc/model-desc.ts";
import type { Alphas } from "../nas/finalizers.ts";
import { alphasName } from "../ops/mixture.ts";

/** How alphas weigh an edge's primitives, by op: as their softmax, by their share of the sum, or as they are. */
const MEANING: Readonly<Record<string, "softmax" | "shares" | "plain">> = {
  mixed_op: "softmax",
  div_op: "softmax",
  gs_op: "softmax",
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
  /** Softmax and shares sum to 1 over an edge's primitives; plain alphas do not. */
  readonly meaning: "softmax" | "shares" | "plain";
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
  return nodes.flatMap(({ edges }, node) =>
    edges.flatMap(({ opDesc, inputIds }, edge) =>
      inputIds.flatMap((state, input) => {
        const name = alphasName(id, node, edge);
        // Petridish has alphas for each of an op's inputs.
        const values = alphas.get(name) ?? alphas.get(`${name}.${input}`);
        const meaning = MEANING[opDesc.name];
        if (!values || !meaning) return [];
        return [{ node, state, weights: weigh[meaning](Array.from(values)) }];
      }),
    ),
  );
}

const weigh = { softmax, shares, plain: (alphas: readonly number[]) => alphas };

function softmax(alphas: readonly number[]): number[] {
  const largest = Math.max(...alphas);
  return shares(alphas.map((alpha) => Math.exp(alpha - largest)));
}

function shares(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}
