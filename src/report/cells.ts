import type { CellDesc, CellType, ModelDesc, OpDesc } from "../desc/model-desc.ts";

/** What the papers call the types of cells. */
export const CELL_NAMES: Readonly<Record<CellType, string>> = { regular: "normal cell", reduction: "reduction cell" };

/**
 * The cells of a network as text, equal ones once, a node a line:
 *
 *     normal cell
 *       node 0 = sep_conv_3x3(c[k-1]) + skip_connect(c[k-2])
 */
export function cellsText({ cellDescs }: ModelDesc): string {
  return (["regular", "reduction"] as const)
    .flatMap((type) => {
      const idsByNodes = new Map<string, number[]>();
      for (const cell of cellDescs.filter(({ cellType }) => cellType === type)) {
        const nodes = nodesText(cell);
        idsByNodes.set(nodes, [...(idsByNodes.get(nodes) ?? []), cell.id]);
      }
      // Cells of one type are alike unless an algorithm chooses for each of them.
      return [...idsByNodes].map(([nodes, ids]) => {
        const which = idsByNodes.size > 1 ? ` (${ids.length > 1 ? "cells" : "cell"} ${ids.join(", ")})` : "";
        return `${CELL_NAMES[type]}${which}\n${nodes}`;
      });
    })
    .join("\n");
}

function nodesText({ nodes }: CellDesc): string {
  const lines = nodes.map(({ edges }, node) => {
    const terms = edges.map(({ opDesc, inputIds }) => opText(opDesc, inputIds.map(stateName)));
    return `  node ${node} = ${terms.join(" + ") || "(no edges)"}`;
  });
  return lines.join("\n");
}

function opText({ name, children, childrenIns }: OpDesc, inputs: readonly string[]): string {
  const terms = children?.map((child, i) => opText(child, [inputs[childrenIns?.[i] ?? 0] ?? "?"])) ?? inputs;
  return `${name}(${terms.join(", ")})`;
}

/** States 0 and 1 are the outputs of the two cells before, as in the papers. */
export function stateName(state: number): string {
  return state < 2 ? `c[k-${2 - state}]` : `node ${state - 2}`;
}

/** `max 3x3` for max_pool_3x3: a primitive where there is little room. */
export function shortName(primitive: string): string {
  return [primitive.split("_")[0], /\dx\d/.exec(primitive)?.[0] ?? ""].join(" ").trim();
}
