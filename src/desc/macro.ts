import { SupernetError } from "../errors.ts";
import type { CellType } from "./model-desc.ts";

/**
 * Indices of the reduction cells: evenly spread, none first, last or next to another.
 * @throws SupernetError("desc") when there are too few cells for that
 */
export function reductionIndices(cells: number, reductions: number): number[] {
  const needed = 2 * reductions + 1;
  if (cells < needed) {
    throw new SupernetError(
      "desc",
      `${reductions} reductions need at least ${needed} cells (one between every two, first and last) but n_cells is ` +
        `${cells}; raise n_cells or lower n_reductions`,
    );
  }
  return Array.from({ length: reductions }, (_, i) => Math.floor((cells * (i + 1)) / (reductions + 1)));
}

/** What is decided about a cell before anything is built. */
export interface CellPlan {
  readonly index: number;
  readonly type: CellType;
  /** Channels of each of its nodes: doubled at every reduction. */
  readonly nodeChannels: number;
  /** First cell of its type, whose alphas it uses. */
  readonly trainablesFrom: number;
  /** How many times smaller than the image its output is. */
  readonly shrink: number;
}

/** @param shrink how many times smaller than the image the input of the first cell is */
export function planCells(cells: number, reductions: number, initNodeChannels: number, shrink: number): CellPlan[] {
  const reducing = new Set(reductionIndices(cells, reductions));
  const firsts = new Map<CellType, number>();
  let nodeChannels = initNodeChannels;
  let size = shrink;
  return Array.from({ length: cells }, (_, index) => {
    const type: CellType = reducing.has(index) ? "reduction" : "regular";
    if (type === "reduction") {
      nodeChannels *= 2;
      size *= 2;
    }
    const trainablesFrom = firsts.get(type) ?? index;
    firsts.set(type, trainablesFrom);
    return { index, type, nodeChannels, trainablesFrom, shrink: size };
  });
}

/** Which cell an aux tower is put on: after two thirds of a model with several reductions; undefined for others. */
export function auxCell(cells: number, reductions: number): number | undefined {
  return reductions > 1 ? Math.floor((2 * cells) / 3) : undefined;
}

/** How many times smaller than the image a stem's output is. */
const STEM_SHRINK: Readonly<Record<string, number>> = {
  stem_conv3x3: 1,
  stem_conv3x3Relu: 1,
  stem_conv3x3_s4: 4,
  stem_conv3x3_s4s2: 8,
};

/** @throws SupernetError("desc") for an op that is no stem */
export function stemShrink(name: string): number {
  const shrink = STEM_SHRINK[name];
  if (shrink !== undefined) return shrink;
  const known = Object.keys(STEM_SHRINK).join(", ");
  throw new SupernetError("desc", `model_stems.ops names "${name}", which is no stem; choose from ${known}`);
}
