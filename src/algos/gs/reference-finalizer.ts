import type { CellDesc, EdgeDesc, ModelDesc, NodeDesc } from "../../desc/model-desc.ts";
import { edgeAlphas } from "../../nas/finalizers.ts";
import type { Finalizer, Trained } from "../../nas/trained.ts";
import { type Alphas, PRIMITIVES } from "../../ops/mixture.ts";
import type { DrawAt } from "./draw.ts";
import { multiOp } from "./finalizer.ts";

/**
 * Logits that Archai samples a node by: the alphas of each edge by falling size, edge after edge.
 * @param alphas of the node's edges, by primitive
 */
export const sortedLogits = (alphas: readonly ArrayLike<number>[]): number[] =>
  alphas.flatMap((edge) => Array.from(edge).sort((a, b) => b - a));

/**
 * Archai's finalizer: it samples by `sortedLogits` and takes place k of an edge for primitive k all the same, so that an op's
 * alpha says little about it. Every edge with a choice becomes a `multi_op` of all that was chosen, `none` too; the first
 * `maxFinalEdges` of these stay.
 */
export class ReferenceGsFinalizer implements Finalizer {
  readonly #samples: number;
  readonly #draw: DrawAt;

  constructor(samples: number, draw: DrawAt) {
    this.#samples = samples;
    this.#draw = draw;
  }

  finalize(supernet: ModelDesc, { alphas }: Trained): ModelDesc {
    const { maxFinalEdges } = supernet;
    const cellDescs = supernet.cellDescs.map((cell) => ({
      ...cell,
      nodes: cell.nodes.map((node, index) => ({
        ...node,
        edges: this.#edges(cell, node, index, alphas).slice(0, maxFinalEdges),
      })),
    }));
    return { ...supernet, cellDescs };
  }

  #edges(cell: CellDesc, { edges }: NodeDesc, node: number, alphas: Alphas): EdgeDesc[] {
    const draw = this.#draw({ cell: cell.id, node });
    const logits = sortedLogits(edges.map((_, edge) => edgeAlphas(cell, node, edge, alphas)));
    const places = new Set(Array.from({ length: this.#samples }, () => draw(logits)));
    return edges.flatMap(({ inputIds, opDesc }, edge): EdgeDesc[] => {
      const first = edge * PRIMITIVES.length;
      const children = PRIMITIVES.flatMap((name, k) => (places.has(first + k) ? [{ ...opDesc, name }] : []));
      return children.length > 0 ? [{ inputIds, opDesc: multiOp(children) }] : [];
    });
  }
}
