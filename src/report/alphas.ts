import type { ModelDesc } from "../desc/model-desc.ts";
import { type Alphas, PRIMITIVES } from "../ops/mixture.ts";
import { CELL_NAMES, shortName, stateName } from "./cells.ts";
import { type MixtureWeights, mixtureWeights } from "./weights.ts";

const percent = (share: number) => (100 * share).toFixed(2);

/** What the numbers are, and how they are written. */
const FORMATS = {
  softmax: { title: "softmax of the alphas in %", write: percent },
  node_softmax: { title: "softmax of all alphas of a node in %", write: percent },
  shares: { title: "alphas in % of their sum", write: percent },
  plain: { title: "alphas", write: (alpha: number) => alpha.toFixed(3) },
} as const;

/**
 * What a search thinks of every primitive on every edge: a table for each cell that owns alphas, 80 columns wide.
 *
 * @param supernet what was searched; a finished description no longer says which edges there were
 */
export function alphasText(supernet: ModelDesc, alphas: Alphas): string {
  const tables = mixtureWeights(supernet, alphas);
  return tables.map((table) => [title(supernet, table), HEADINGS, ...rows(table)].join("\n")).join("\n");
}

function rows({ edges, meaning }: MixtureWeights): string[] {
  const { write } = FORMATS[meaning];
  return edges.map(({ node, state, weights }) => row(`node ${node} <- ${stateName(state)}`, weights.map(write)));
}

function title({ cellDescs }: ModelDesc, { cell, cellType, meaning }: MixtureWeights): string {
  const owners = cellDescs.filter((other) => other.cellType === cellType && other.trainablesFrom === other.id);
  const which = owners.length > 1 ? ` ${cell}` : "";
  return `${CELL_NAMES[cellType]}${which}, ${FORMATS[meaning].title}`;
}

const row = (label: string, cells: readonly string[]) =>
  label.padEnd(16) + cells.map((cell) => cell.padStart(8)).join("");

/** `max 3x3` for max_pool_3x3. */
const HEADINGS = row("", PRIMITIVES.map(shortName));
