import type { CellDesc, EdgeDesc, ModelDesc, OpDesc } from "../desc/model-desc.ts";
import { type FactoryDesc, isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import { type ModelStats, modelStats, statsUnder } from "../models/stats.ts";

const MIXTURES = new Set(["mixed_op", "div_op", "gs_op", "xnas_op", "petridish_normal_op", "petridish_reduction_op"]);

export interface DescribeOptions {
  /** Of the images; default is what the network is made for. */
  readonly height?: number | undefined;
  readonly width?: number | undefined;
  /** List the ops of every cell with their costs, instead of the nodes of each different cell. */
  readonly ops?: boolean;
}

/**
 * A network for people: what it is made of, cell by cell, and what each part costs for one image of that size.
 * Supernets are counted without scale and shift in batch norms, as they are searched; others with them.
 */
export function describeModel(desc: NetworkDesc, options: DescribeOptions): string {
  const side = isFactory(desc) ? usualSide(desc) : 32;
  const { height = side, width = side, ops = false } = options;
  const stats = modelStats(desc, { height, width, affine: !isSupernet(desc) });
  const title = isFactory(desc) ? desc.factory : `${desc.cellDescs.length} cells`;
  const lines = [
    `${title}, ${desc.nClasses} classes, images ${desc.dsCh}x${height}x${width}`,
    `${total(stats.params, "parameters")}${details(stats)}, ${total(stats.macs, "multiply-adds")} per image`,
    "",
    ...(isFactory(desc) ? moduleRows(stats) : cellRows(desc, stats, ops)),
  ];
  return `${lines.join("\n")}\n`;
}

/** Side of the images that a hand-written network is made for. */
export const usualSide = ({ images }: FactoryDesc): number => (images === "small" ? 32 : 224);

/** A line for each module of a hand-written network that holds others, or stands alone. */
function moduleRows(stats: ModelStats): string[] {
  const modules = stats.specs.map(({ name }) =>
    name
      .split(".")
      .slice(0, name.split(".").length > 2 ? 2 : 1)
      .join("."),
  );
  return [...new Set(modules)].flatMap((module) => row(stats, module, module));
}

function cellRows(desc: ModelDesc, stats: ModelStats, ops: boolean): string[] {
  const lines = [...row(stats, "model_stems", `stems   ${desc.modelStems.map(opText).join(", ")}`)];
  const shown = new Map<string, number>();
  for (const cell of desc.cellDescs) {
    lines.push(...cellTitle(desc, stats, cell), ...(ops ? opRows(stats, cell) : cellText(cell, shown)));
    const tower = desc.auxTowerDescs[cell.id];
    if (tower) {
      const { params } = statsUnder(stats, `_aux_towers.${cell.id}`);
      lines.push(`  aux tower: ${tower.chIn} channels to ${tower.nClasses} classes, ${total(params, "parameters")}`);
    }
  }
  lines.push(...row(stats, "pool_op", `pool    ${opText(desc.poolOp)}`));
  lines.push(
    ...row(stats, "logits_op", `logits  ${desc.logitsOp.name} ${desc.logitsOp.params.nCh} -> ${desc.nClasses}`),
  );
  return lines;
}

/** Whether an edge mixes primitives. */
export const isSupernet = (desc: NetworkDesc): boolean =>
  !isFactory(desc) &&
  desc.cellDescs.some(({ nodes }) => nodes.some(({ edges }) => edges.some(({ opDesc }) => MIXTURES.has(opDesc.name))));

function details({ alphas, auxParams }: ModelStats): string {
  const parts = [];
  if (alphas > 0) parts.push(total(alphas, "alphas"));
  if (auxParams > 0) parts.push(`${total(auxParams)} in the aux tower`);
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

function cellTitle(desc: ModelDesc, stats: ModelStats, cell: CellDesc): string[] {
  const sharing = cell.trainablesFrom === cell.id || !isSupernet(desc) ? "" : `, alphas of cell ${cell.trainablesFrom}`;
  const channels = cell.nodes[0]?.edges[0]?.opDesc.params.conv?.chOut ?? cell.stemShapes[0]?.[0];
  return row(stats, `cells.${cell.id}`, `cell ${cell.id}  ${cell.cellType}, ${channels} channels a node${sharing}`);
}

function cellText(cell: CellDesc, shown: Map<string, number>): string[] {
  const lines = [`  ${cell.stems.map((stem, i) => `s${i} = ${opText(stem)}`).join("; ")}`];
  const nodes = cell.nodes.map(({ edges }) => edges.map(edgeText).join(" + "));
  const same = shown.get(nodes.join("\n"));
  if (same === undefined) {
    shown.set(nodes.join("\n"), cell.id);
    lines.push(...nodes.map((text, i) => `  n${i} = ${text || "(no edges yet)"}`));
  } else {
    lines.push(`  nodes as in cell ${same}`);
  }
  return [...lines, `  out = ${opText(cell.postOp)}`];
}

/** A line an op, with its costs. */
function opRows(stats: ModelStats, cell: CellDesc): string[] {
  const module = `cells.${cell.id}`;
  return [
    ...cell.stems.flatMap((stem, i) => row(stats, `${module}.s${i}_op`, `  s${i}  ${opText(stem)}`)),
    ...cell.nodes.flatMap(({ edges }, i) =>
      edges.flatMap((edge, j) => row(stats, `${module}.dag.${i}.${j}`, `  n${i}  ${edgeText(edge)}`)),
    ),
    ...row(stats, `${module}.post_op`, `  out ${opText(cell.postOp)}`),
  ];
}

/** States 0 and 1 are the cell's inputs, further ones its nodes. */
const stateName = (id: number) => (id < 2 ? `s${id}` : `n${id - 2}`);

function edgeText({ inputIds, opDesc }: EdgeDesc): string {
  const strided = (opDesc.params.stride ?? 1) > 1 ? "/2" : "";
  const children = opDesc.children ? `[${opDesc.children.map(({ name }) => name).join(", ")}]` : "";
  return `${opDesc.name}${children}${strided}(${inputIds.map(stateName).join(", ")})`;
}

function opText({ name, params }: OpDesc): string {
  return params.conv ? `${name} ${params.conv.chIn} -> ${params.conv.chOut}` : name;
}

/** A line with the costs of a module at its end. */
function row(stats: ModelStats, module: string, text: string): string[] {
  const { params, macs } = statsUnder(stats, module);
  return [`${text.padEnd(72)} ${grouped(params).padStart(12)} params ${grouped(macs).padStart(14)} multiply-adds`];
}

const grouped = (value: number) => value.toLocaleString("en-US");
const total = (value: number, unit?: string) => (unit ? `${grouped(value)} ${unit}` : grouped(value));
