import type { ExperimentConf } from "../../config/index.ts";
import { ModelDescBuilder } from "../../desc/builder.ts";
import type { ModelDesc } from "../../desc/model-desc.ts";
import { modelOf } from "../../desc/network-desc.ts";
import type { EvaluationResult } from "../../nas/evaluater.ts";
import { readGallery } from "../../nas/gallery.ts";
import { bestRow, evaluateGallery, type GalleryRow, leaveAsResult } from "../../nas/gallery-evaluation.ts";
import type { PhaseParts } from "../../nas/phase-parts.ts";
import { grouped, inPercent, textTable } from "../../report/table.ts";
import { bestEpochs } from "../../train/metrics.ts";
import { countNetwork, type HullPoint } from "./points.ts";
import { writeGalleryPlots } from "./pool-files.ts";
import { hullTable } from "./table.ts";

/**
 * Trains every network of the gallery from scratch, with `cell_count_scale` times as many cells. The result is the most
 * accurate one; table and plots of all are beside it.
 *
 * @param found evaluated alone where there is no gallery
 */
export async function evaluatePetridish(found: ModelDesc, parts: PhaseParts): Promise<EvaluationResult> {
  const { environment, conf, dataset } = parts;
  const gallery = await readGallery(environment, conf.nas.eval.final_desc_foldername);
  const entries = gallery.length > 0 ? gallery : [{ name: "model_desc_0", desc: found }];
  const rows = await evaluateGallery(entries, parts, scaledByCells);
  const points = rows.map((row, index): HullPoint => {
    const { train, val } = bestEpochs(row.result.run.epochs);
    const place = { id: index + 1, stage: "EVAL_TRAINED", parentId: 0, samplingCount: 0 } as const;
    return { ...place, ...countNetwork(modelOf(row.result.desc), dataset), train: train!, val, top1: row.top1 };
  });
  await environment.writeFile(`${conf.common.expdir!}/full_pool.tsv`, hullTable(points));
  await writeGalleryPlots(environment, conf.common.expdir!, points);
  const best = bestRow(rows);
  await leaveAsResult(best, parts);
  return { ...best.result, report: reportOf(rows, best) };
}

/** More cells of the same kinds and channels of the conf, at most as many cells as it has; as many reductions as in the search. */
export function scaledByCells(found: ModelDesc, { nas }: ExperimentConf): ModelDesc {
  const { model_desc, petridish } = nas.eval;
  const { cellDescs } = found;
  const cells = Math.min(Math.ceil(cellDescs.length * petridish.cell_count_scale), model_desc.n_cells);
  const reductions = cellDescs.filter(({ cellType }) => cellType === "reduction").length;
  return new ModelDescBuilder().build({ ...model_desc, n_cells: cells, n_reductions: reductions }, found);
}

function reportOf(rows: readonly GalleryRow[], best: GalleryRow): string {
  const table = textTable([
    ["network", "test top1 %", "parameters", "multiply-adds", ""],
    ...rows.map((row) => [
      row.name,
      Number.isNaN(row.top1) ? "-" : inPercent(row.top1),
      grouped(row.params),
      grouped(row.macs),
      row === best ? "best" : "",
    ]),
  ]);
  return `${table}\nthe run's result is the network that is the most accurate on the test images, ${best.name}`;
}
