import type { Environment } from "../../nas/environment.ts";
import { dot, numberAxis, path, plotSvg } from "../../report/svg.ts";
import { grouped, inPercent } from "../../report/table.ts";
import { type Counted, frontier, type HullPoint } from "./points.ts";
import { hullTable } from "./table.ts";

type Files = Pick<Environment, "writeFile">;

const INK = "#0a6";
const OTHER = "#fff";
const BOUND = "#c30";

/** What the networks of a plot cost. */
const COSTS = {
  madd: { file: "madds", label: "multiply-adds of an image in millions" },
  flops: { file: "flops", label: "flops of an image in millions" },
  params: { file: "params", label: "parameters in millions" },
} as const;

type Cost = keyof typeof COSTS;

export interface PoolFiles {
  readonly points: readonly HullPoint[];
  /** Of the hull. */
  readonly eps: number;
}

/**
 * Tables and plots of a search, named as Archai's (plots are SVG files): `full_pool.tsv`, `pareto_front_summary.tsv`,
 * `pareto_eps_summary.tsv`, `pareto_xy.tsv` (multiply-adds and error of all), `convex_hull.svg`, and those of `writeGalleryPlots`.
 */
export async function writePool(files: Files, folder: string, { points, eps }: PoolFiles): Promise<void> {
  const { front, near } = frontier(points, eps);
  const xy = points.map(({ madd, top1 }) => `${madd}\t${1 - top1}`).join("\n");
  await files.writeFile(`${folder}/full_pool.tsv`, hullTable(points));
  await files.writeFile(`${folder}/pareto_front_summary.tsv`, hullTable(front));
  await files.writeFile(`${folder}/pareto_eps_summary.tsv`, hullTable(near));
  await files.writeFile(`${folder}/pareto_xy.tsv`, xy);
  await files.writeFile(`${folder}/convex_hull.svg`, hullPlot(points, eps));
  await writeGalleryPlots(files, folder, points);
}

/** `model_gallery_accuracy_madds.svg`, `…_flops.svg` and `…_params.svg`. */
export async function writeGalleryPlots(files: Files, folder: string, points: readonly HullPoint[]): Promise<void> {
  for (const cost of Object.keys(COSTS) as Cost[]) {
    await files.writeFile(`${folder}/model_gallery_accuracy_${COSTS[cost].file}.svg`, accuracyPlot(points, cost));
  }
}

/** `seed_models_madds.svg`: what the seeds cost, before any is trained. */
export async function writeSeeds(files: Files, folder: string, seeds: readonly Counted[]): Promise<void> {
  await files.writeFile(`${folder}/seed_models_madds.svg`, seedPlot(seeds));
}

const millions = (value: number) => (value / 1e6).toFixed(2);

/** Error over multiply-adds: all networks, those near the hull filled, the hull, and the bound that is `eps` above it. */
function hullPlot(points: readonly HullPoint[], eps: number): string {
  const { front, near } = frontier(points, eps);
  const error = ({ top1 }: HullPoint) => 1 - top1;
  const bound = (point: HullPoint) => error(point) * (1 + eps);
  const x = numberAxis(
    "x",
    COSTS.madd.label,
    points.map(({ madd }) => madd),
    millions,
  );
  const y = numberAxis("y", "top1 error in %", [...points.map(error), ...front.map(bound)], inPercent);
  const line = (height: (point: HullPoint) => number) =>
    front.map((point) => [x.place(point.madd), y.place(height(point))] as const);
  return plotSvg({
    title: `${points.length} networks, ${near.length} of them near the hull`,
    desc: `On the hull, from cheap to dear: ${front.map(describe).join("; ")}.`,
    x,
    y,
    marks: [
      path(line(error), INK),
      path(line(bound), BOUND),
      ...points.map((point) =>
        dot(x.place(point.madd), y.place(error(point)), 5, near.includes(point) ? INK : OTHER, describe(point)),
      ),
    ],
  });
}

function accuracyPlot(points: readonly HullPoint[], cost: Cost): string {
  const { label } = COSTS[cost];
  const x = numberAxis(
    "x",
    label,
    points.map((point) => point[cost]),
    millions,
  );
  const y = numberAxis(
    "y",
    "top1 in %",
    points.map(({ top1 }) => top1),
    inPercent,
  );
  return plotSvg({
    title: `Accuracy of ${points.length} networks`,
    desc: `${points.map(describe).join("; ")}.`,
    x,
    y,
    marks: points.map((point) => dot(x.place(point[cost]), y.place(point.top1), 5, INK, describe(point))),
  });
}

function seedPlot(seeds: readonly Counted[]): string {
  const x = numberAxis(
    "x",
    COSTS.madd.label,
    seeds.map(({ madd }) => madd),
    millions,
  );
  const y = numberAxis(
    "y",
    "nodes of a cell",
    seeds.map(({ nodes }) => nodes),
    String,
  );
  const size = ({ reductions, cells, nodes, madd }: Counted) =>
    `${reductions} reductions, ${cells} cells, ${nodes} nodes: ${grouped(madd)} multiply-adds`;
  return plotSvg({
    title: `${seeds.length} seeds`,
    desc: `${seeds.map(size).join("; ")}.`,
    x,
    y,
    marks: seeds.map((seed) => dot(x.place(seed.madd), y.place(seed.nodes), 5, INK, size(seed))),
  });
}

const describe = ({ id, madd, top1 }: HullPoint) =>
  `network ${id}: ${inPercent(top1)} %, ${grouped(madd)} multiply-adds`;
