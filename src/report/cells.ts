import type { CellDesc, ModelDesc } from "../desc/model-desc.ts";

const TITLES = { regular: "normal cell", reduction: "reduction cell" } as const;

/**
 * The found cells as text, one of each type, a node a line:
 *
 *     normal cell
 *       node 0 = sep_conv_3x3(c[k-1]) + skip_connect(c[k-2])
 */
export function cellsText({ cellDescs }: ModelDesc): string {
  const types = ["regular", "reduction"] as const;
  const cells = types.flatMap((type) => cellDescs.find((cell) => cell.cellType === type) ?? []);
  return cells.map(cellText).join("\n");
}

function cellText({ cellType, nodes }: CellDesc): string {
  const lines = nodes.map(({ edges }, node) => {
    const terms = edges.map(({ opDesc, inputIds }) => `${opDesc.name}(${inputIds.map(stateName).join(", ")})`);
    return `  node ${node} = ${terms.join(" + ")}`;
  });
  return [TITLES[cellType], ...lines].join("\n");
}

/** States 0 and 1 are the outputs of the two cells before, as in the papers. */
function stateName(state: number): string {
  return state < 2 ? `c[k-${2 - state}]` : `node ${state - 2}`;
}
