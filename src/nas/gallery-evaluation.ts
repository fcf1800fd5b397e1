import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelStats } from "../ops/stats.ts";
import { Evaluater, type EvaluaterParts, type EvaluationResult } from "./evaluater.ts";
import type { GalleryEntry } from "./gallery.ts";

/** What became of one architecture of a gallery. */
export interface GalleryRow {
  readonly name: string;
  /** Trainable numbers, the aux tower included. */
  readonly params: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  /** On the test images after the last epoch; NaN where nothing was tested. */
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  readonly result: EvaluationResult;
}

/** @param found a member of the gallery; the default scales it to the conf's cells and channels */
export type BuildEvaluated = (found: ModelDesc, parts: EvaluaterParts) => ModelDesc;

const asConfSays: BuildEvaluated = (found, { conf }) => new ModelDescBuilder().build(conf.nas.eval.model_desc, found);

/**
 * Evaluates every architecture of a gallery: each is trained from scratch with the same settings and tested. Keeps, in the
 * folder `trained` of the gallery, `<name>.yaml` (the network that was trained), `<name>_metrics.yaml` and
 * `<name>.safetensors` of each.
 *
 * @returns a row each, in the order of the entries
 */
export async function evaluateGallery(
  entries: readonly GalleryEntry[],
  parts: EvaluaterParts,
  build: BuildEvaluated = asConfSays,
): Promise<GalleryRow[]> {
  const { conf, logger } = parts;
  const evaluater = new Evaluater(parts);
  const rows: GalleryRow[] = [];
  logger.pushd("eval_arch");
  for (const { name, desc } of entries) {
    const path = `${conf.nas.eval.final_desc_foldername}/trained/${name}`;
    const files = { desc: `${path}.yaml`, metrics: `${path}_metrics.yaml`, weights: `${path}.safetensors` };
    logger.pushd(name);
    rows.push(rowOf(name, await evaluater.train(build(desc, parts), files)));
    logger.popd();
  }
  logger.popd();
  return rows;
}

function rowOf(name: string, result: EvaluationResult): GalleryRow {
  const { desc, run, image } = result;
  const { params, macs } = modelStats(desc, { height: image.height, width: image.width, affine: true });
  const tested = run.epochs.findLast(({ val }) => val)?.val?.averages;
  const { top1, top5, loss } = tested ?? { top1: Number.NaN, top5: Number.NaN, loss: Number.NaN };
  return { name, params, macs, top1, top5, loss, result };
}

/** The most accurate one, the first of equals. @throws RangeError where there is none */
export function bestRow(rows: readonly GalleryRow[]): GalleryRow {
  const tested = rows.filter(({ top1 }) => !Number.isNaN(top1));
  const [first] = tested.length > 0 ? tested : rows;
  if (!first) throw new RangeError("an empty gallery has no best row");
  return tested.reduce((best, row) => (row.top1 > best.top1 ? row : best), first);
}
