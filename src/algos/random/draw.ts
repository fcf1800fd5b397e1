import { PRIMITIVES } from "../../ops/mixture.ts";
import { Rng } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import type { NodePick, Picks } from "./builder.ts";

/** What an edge may be: all primitives but `none`, which would be no edge. */
const OPS = PRIMITIVES.filter((name) => name !== "none");

export interface DrawOptions {
  readonly seed: number;
  /** Which of several architectures of one seed. */
  readonly item: number;
  /** Of a cell. */
  readonly nodes: number;
  /** Inputs of a node, different states; all of them where there are fewer. */
  readonly edges: number;
}

/** Random cells: every edge of a node reads another state and has any primitive but `none`. */
export function drawPicks({ seed, item, nodes, edges }: DrawOptions): Picks {
  const rng = new Rng(seed, STREAMS.randomSearch, item);
  const cell = () => Array.from({ length: nodes }, (_, node) => drawNode(rng, node + 2, edges));
  const regular = cell();
  return { regular, reduction: cell() };
}

/** @param states that stand before the node */
function drawNode(rng: Rng, states: number, edges: number): NodePick {
  const inputs = [...rng.permutation(states).subarray(0, edges)];
  return { inputs, ops: inputs.map(() => OPS[rng.randint(OPS.length)]!) };
}
