import type { CellType } from "../../desc/model-desc.ts";
import { PRIMITIVES } from "../../ops/mixture.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import type { NodePick, Picks } from "./builder.ts";

/** What an edge may become. An edge of `none` would be no edge. */
const OPS = PRIMITIVES.filter((name) => name !== "none");

/** Random streams of the two types of cells. The numbers are part of what a seed means. */
const CELL_STREAM: Readonly<Record<CellType, number>> = { regular: 0, reduction: 1 };

/** Nodes a cell can have before two of them would share a random stream. */
const NODES = 1 << 16;

export interface CellSize {
  readonly nodes: number;
  /** Inputs of each node; at most 2, which is all that the first node has to choose from. */
  readonly edges: number;
}

/**
 * Cells of random ops on random inputs, as Archai draws them: the inputs of a node are different states, each as likely as any
 * other; the ops are independent of each other. A node's draw depends on the seed, the type of its cell and its place alone, so
 * that larger cells begin with the nodes of smaller ones.
 *
 * @param seed an integer from 0 to 2^53 - 1
 */
export function drawPicks(seed: number, { nodes, edges }: CellSize): Picks {
  const cell = (type: CellType) =>
    Array.from({ length: nodes }, (_, node): NodePick => {
      const rng = new Rng(seed, STREAMS.randomSearch, CELL_STREAM[type] * NODES + node);
      const inputs = [...rng.permutation(node + 2).subarray(0, edges)];
      return { inputs, ops: inputs.map(() => OPS[rng.randint(OPS.length)]!) };
    });
  return { regular: cell("regular"), reduction: cell("reduction") };
}
