import type { ExperimentConf } from "../../config/index.ts";
import type { ModelDesc } from "../../desc/model-desc.ts";
import { SupernetError } from "../../errors.ts";
import { modelStats } from "../../models/stats.ts";
import { Evaluater, type EvaluationResult } from "../../nas/evaluater.ts";
import { type GalleryEntry, readGallery } from "../../nas/gallery.ts";
import { evaluateGallery } from "../../nas/gallery-evaluation.ts";
import type { PhaseParts } from "../../nas/phase-parts.ts";
import { meanText } from "../../report/statistics.ts";
import { grouped, inPercent, textTable } from "../../report/table.ts";

/** Architectures that a run draws. */
export const seedsOf = ({ nas }: ExperimentConf): number => nas.search.random?.seeds ?? 1;

/** In the gallery. */
export const drawName = (k: number): string => `draw${k}`;

/**
 * Trains all that was drawn, draw k with k added to the seed: the same budget, other weights and batches. The run's result is
 * the first one, whatever the others reach: to take the best by its test accuracy would be to choose on the test set.
 */
export async function evaluateDraws(found: ModelDesc, parts: PhaseParts): Promise<EvaluationResult> {
  const draws = seedsOf(parts.conf);
  const others = draws > 1 ? await otherDraws(parts, draws) : [];
  const first = await new Evaluater(parts).evaluate(found);
  if (others.length === 0) return first;
  const rows = [rowOf(drawName(0), parts.seed, first)];
  for (const [i, entry] of others.entries()) {
    const seed = parts.seed + i + 1;
    const [row] = await evaluateGallery([entry], { ...parts, seed });
    rows.push(rowOf(entry.name, seed, row!.result));
  }
  return { ...first, report: reportOf(rows) };
}

/** @throws SupernetError("io") where fewer were drawn */
async function otherDraws({ environment, conf }: PhaseParts, draws: number): Promise<GalleryEntry[]> {
  const folder = conf.nas.eval.final_desc_foldername;
  const gallery = await readGallery(environment, folder);
  return Array.from({ length: draws - 1 }, (_, i) => {
    const entry = gallery.find(({ name }) => name === drawName(i + 1));
    if (entry) return entry;
    const remedy = `nas.search.random.seeds is ${draws}: search with it, or set it to what was searched with`;
    throw new SupernetError("io", `${folder} has no ${drawName(i + 1)}.yaml; ${remedy}`);
  });
}

interface Row {
  readonly name: string;
  readonly seed: number;
  readonly params: number;
  readonly macs: number;
  /** Of the test images, after the last epoch; undefined where nothing was tested. */
  readonly top1: number | undefined;
}

function rowOf(name: string, seed: number, { desc, run, image }: EvaluationResult): Row {
  const { params, macs } = modelStats(desc, { height: image.height, width: image.width, affine: true });
  const top1 = run.epochs.findLast(({ val }) => val)?.val?.averages.top1;
  return { name, seed, params, macs, top1 };
}

/** @param rows of all draws */
function reportOf(rows: readonly Row[]): string {
  const table = textTable([
    ["draw", "seed", "test top1 %", "parameters", "multiply-adds"],
    ...rows.map(({ name, seed, params, macs, top1 }) => [
      name,
      String(seed),
      top1 === undefined ? "-" : inPercent(top1),
      grouped(params),
      grouped(macs),
    ]),
  ]);
  const tested = rows.flatMap(({ top1 }) => (top1 === undefined ? [] : [top1]));
  if (tested.length === 0) return table;
  const summary = `test top1 ${meanText(tested, inPercent)} % (mean ± sample standard deviation of ${tested.length} draws)`;
  return `${table}\n${summary}`;
}
