import type { CellDesc, ModelDesc } from "../desc/model-desc.ts";
import type { Alphas } from "../nas/finalizers.ts";
import { ALPHAS, PRIMITIVES } from "../ops/mixture.ts";
import { CELL_NAMES, stateName } from "./cells.ts";

/** How alphas become the weights of a mixture, by op. */
const WEIGHTS: Readonly<Record<string, { title: string; of: (alphas: readonly number[]) => string[] }>> = {
  mixed_op: { title: "softmax of the alphas in %", of: softmax },
  div_op: { title: "softmax of the alphas in %", of: softmax },
  gs_op: { title: "softmax of the alphas in %", of: softmax },
  xnas_op: { title: "alphas in % of their sum", of: shares },
  petridish_normal_op: { title: "alphas", of: plain },
  petridish_reduction_op: { title: "alphas", of: plain },
};

/**
 * What a search thinks of every primitive on every edge: a table for each cell that owns alphas, 80 columns wide.
 *
 * @param supernet what was searched; a finished description no longer says which edges there were
 */
export function alphasText(supernet: ModelDesc, alphas: Alphas): string {
  return supernet.cellDescs
    .flatMap((cell) => {
      const rows = cell.trainablesFrom === cell.id ? edgeRows(cell, alphas) : [];
      return rows.length > 0 ? [[title(supernet, cell), HEADINGS, ...rows].join("\n")] : [];
    })
    .join("\n");
}

function edgeRows({ id, nodes }: CellDesc, alphas: Alphas): string[] {
  return nodes.flatMap(({ edges }, node) =>
    edges.flatMap(({ opDesc, inputIds }, edge) =>
      inputIds.flatMap((state, input) => {
        const name = `cells.${id}.dag.${node}.${edge}._wrapped.${ALPHAS}`;
        // Petridish has alphas for each of an op's inputs.
        const values = alphas.get(name) ?? alphas.get(`${name}.${input}`);
        const weights = WEIGHTS[opDesc.name];
        if (!values || !weights) return [];
        return [row(`node ${node} <- ${stateName(state)}`, weights.of(Array.from(values)))];
      }),
    ),
  );
}

function title({ cellDescs }: ModelDesc, { id, cellType, nodes }: CellDesc): string {
  const owners = cellDescs.filter((cell) => cell.cellType === cellType && cell.trainablesFrom === cell.id);
  const which = owners.length > 1 ? ` ${id}` : "";
  const ops = nodes.flatMap(({ edges }) => edges.map(({ opDesc }) => opDesc.name));
  return `${CELL_NAMES[cellType]}${which}, ${ops.flatMap((op) => WEIGHTS[op]?.title ?? [])[0]}`;
}

const row = (label: string, cells: readonly string[]) =>
  label.padEnd(16) + cells.map((cell) => cell.padStart(8)).join("");

/** `max 3x3` for max_pool_3x3. */
const HEADINGS = row(
  "",
  PRIMITIVES.map((name) => [name.split("_")[0], /\dx\d/.exec(name)?.[0] ?? ""].join(" ").trim()),
);

const percent = (share: number) => (100 * share).toFixed(2);

function softmax(alphas: readonly number[]): string[] {
  const largest = Math.max(...alphas);
  return shares(alphas.map((alpha) => Math.exp(alpha - largest)));
}

function shares(weights: readonly number[]): string[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => percent(weight / sum));
}

function plain(alphas: readonly number[]): string[] {
  return alphas.map((alpha) => alpha.toFixed(3));
}
