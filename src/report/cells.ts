import type { CellDesc, CellType, ModelDesc, OpDesc } from "../desc/model-desc.ts";

/** What the papers call the types of cells. */
export const CELL_NAMES: Readonly<Record<CellType, string>> = { regular: "normal cell", reduction: "reduction cell" };

/**
 * The cells of a network as text, equal ones once, a node a line:
 *
 *     normal cell
 *       node 0 = sep_conv_3x3(c[k-1]) + skip_connect(c[k-2])
 */
export function cellsText(desc: ModelDesc): string {
  return CELL_TYPES.flatMap((type) => {
    const alike = distinctCells(desc, type);
    return alike.map((cells) => {
      const ids = cells.map(({ id }) => id);
      const which = alike.length > 1 ? ` (${ids.length > 1 ? "cells" : "cell"} ${ids.join(", ")})` : "";
      return `${CELL_NAMES[type]}${which}\n${nodesText(cells[0])}`;
    });
  }).join("\n");
}

/** A cell of an architecture as a graph. States 0 and 1 are its inputs, 2 is node 0, … */
export interface CellGraph {
  readonly cellType: CellType;
  /** Index of the first cell that looks like this. */
  readonly cell: number;
  readonly nodes: number;
  readonly edges: readonly { readonly node: number; readonly states: readonly number[]; readonly op: string }[];
}

/** The cells of a network as graphs, equal ones once, normal ones first. */
export function cellGraphs(desc: ModelDesc): CellGraph[] {
  return CELL_TYPES.flatMap((type) =>
    distinctCells(desc, type).map(([{ id, cellType, nodes }]) => {
      const edges = nodes.flatMap((node, index) =>
        node.edges.map(({ opDesc, inputIds }) => ({ node: index, states: inputIds, op: opDesc.name })),
      );
      return { cellType, cell: id, nodes: nodes.length, edges };
    }),
  );
}

/** Share of the edges that are skip connections; 0 where there are no edges. */
export function skipShare(cells: readonly CellGraph[]): number {
  const ops = cells.flatMap(({ edges }) => edges.map(({ op }) => op));
  return ops.length === 0 ? 0 : ops.filter((op) => op === "skip_connect").length / ops.length;
}

const CELL_TYPES = ["regular", "reduction"] as const satisfies readonly CellType[];

/** Cells of one type, those with equal nodes together; they are all alike unless an algorithm chooses for each of them. */
function distinctCells({ cellDescs }: ModelDesc, type: CellType): [CellDesc, ...CellDesc[]][] {
  const byNodes = new Map<string, [CellDesc, ...CellDesc[]]>();
  for (const cell of cellDescs.filter(({ cellType }) => cellType === type)) {
    const nodes = nodesText(cell);
    const alike = byNodes.get(nodes);
    if (alike) alike.push(cell);
    else byNodes.set(nodes, [cell]);
  }
  return [...byNodes.values()];
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
