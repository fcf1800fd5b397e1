import type { CellType, ModelDesc } from "../desc/model-desc.ts";
import { type Alphas, PRIMITIVES } from "../ops/mixture.ts";
import { cellGraphs } from "../report/cells.ts";
import { mixtureWeights } from "../report/weights.ts";
import type { CellDrawing, CellWeights } from "./protocol.ts";

/** What pages call the types of cells. */
const TYPES: Readonly<Record<CellType, CellDrawing["cellType"]>> = { regular: "normal", reduction: "reduction" };

/** The cells of an architecture, equal ones once. */
export const cellDrawings = (desc: ModelDesc): CellDrawing[] =>
  cellGraphs(desc).map((cell) => ({ ...cell, cellType: TYPES[cell.cellType] }));

/** The mixtures of every cell that owns alphas. */
export const cellWeights = (supernet: ModelDesc, alphas: Alphas): CellWeights[] =>
  mixtureWeights(supernet, alphas).map(({ cellType, cell, edges }) => ({
    cellType: TYPES[cellType],
    cell,
    primitives: PRIMITIVES,
    edges,
  }));
