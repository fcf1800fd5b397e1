import type { SearchConf } from "./search-method.ts";

/** The shape of a network that is searched. */
export interface MacroShape {
  readonly reductions: number;
  readonly cells: number;
  /** Of a cell. */
  readonly nodes: number;
}

export interface MacroCombinations {
  readonly shapes: readonly MacroShape[];
  /** Shapes within the bounds that no network can have: too few cells for their reductions. */
  readonly skipped: readonly MacroShape[];
}

/**
 * Shapes that a sweep searches: from those of `model_desc` up to the bounds of `pareto`, nodes running fastest and reductions
 * slowest, as in Archai's SearchCombinations. Without `pareto.enabled` there is one. Unlike there, impossible shapes are left
 * out, and the number of nodes is used (Archai searches every number of nodes with that of the conf).
 */
export function macroCombinations({
  model_desc,
  pareto,
}: Pick<SearchConf, "model_desc" | "pareto">): MacroCombinations {
  const base = { reductions: model_desc.n_reductions, cells: model_desc.n_cells, nodes: model_desc.cell.n_nodes };
  if (!pareto.enabled) return { shapes: [base], skipped: [] };
  const all = range(base.reductions, pareto.max_reductions).flatMap((reductions) =>
    range(base.cells, pareto.max_cells).flatMap((cells) =>
      range(base.nodes, pareto.max_nodes).map((nodes): MacroShape => ({ reductions, cells, nodes })),
    ),
  );
  return { shapes: all.filter(possible), skipped: all.filter((shape) => !possible(shape)) };
}

/** The conf section `model_desc` of a network of that shape. */
export function shaped(model_desc: SearchConf["model_desc"], { reductions, cells, nodes }: MacroShape) {
  return { ...model_desc, n_reductions: reductions, n_cells: cells, cell: { ...model_desc.cell, n_nodes: nodes } };
}

/** No reduction cell is the first, the last, or next to another: see `reductionIndices`. */
const possible = ({ reductions, cells }: MacroShape) => cells >= 2 * reductions + 1;

/** `r1.c3.n2`, as Archai's logs name a shape. */
export const shapeName = ({ reductions, cells, nodes }: MacroShape): string => `r${reductions}.c${cells}.n${nodes}`;

/** Whole numbers from `first` to `last`, both included. */
const range = (first: number, last: number) =>
  Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
