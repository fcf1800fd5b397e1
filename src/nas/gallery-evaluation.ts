import { stringify } from "yaml";
import { ModelDescBuilder } from "../desc/builder.ts";
import { modelDescToJson } from "../desc/json.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { modelTensors } from "../export/model.ts";
import { writeSafetensors } from "../export/safetensors.ts";
import { modelStats } from "../ops/stats.ts";
import { bestEpochs, metricsTree, type RunRecord } from "../train/metrics.ts";
import { type EvaluaterParts, type EvaluationResult, evaluationFiles, imageFacts } from "./evaluater.ts";
import type { GalleryEntry } from "./gallery.ts";
import { inOrder } from "./in-order.ts";
import type { FixedJob, JobResult } from "./job.ts";
import { unpackValues } from "./job.ts";
import { KeptJobs } from "./kept-jobs.ts";

/** What became of one architecture of a gallery. */
export interface GalleryRow {
  readonly name: string;
  /** The network that was trained. */
  readonly desc: ModelDesc;
  /** Trainable numbers, the aux tower included. */
  readonly params: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  readonly flops: number;
  /** On the test images after the last epoch; NaN where nothing was tested. */
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  readonly run: RunRecord;
}

export interface GalleryEvaluation {
  /** In the order of the entries. */
  readonly rows: readonly GalleryRow[];
  /** The most accurate network, the first of equals. */
  readonly best: EvaluationResult;
}

/** @param found a member of the gallery; the default scales it to the conf's cells and channels */
export type BuildEvaluated = (found: ModelDesc, parts: EvaluaterParts) => ModelDesc;

const asConfSays: BuildEvaluated = (found, { conf }) => new ModelDescBuilder().build(conf.nas.eval.model_desc, found);

/**
 * Evaluates every architecture of a gallery: each is trained from scratch with the same settings and tested. Keeps them in the
 * folder `trained` of the gallery, see `KeptJobs`; with `nas.eval.resume` those that are finished there are not trained again.
 * Description, metrics and weights of the best one are also written where an evaluation leaves them.
 *
 * @param entries at least one
 */
export async function evaluateGallery(
  entries: readonly GalleryEntry[],
  parts: EvaluaterParts,
  build: BuildEvaluated = asConfSays,
): Promise<GalleryEvaluation> {
  const { environment, executor, conf, logger } = parts;
  const { final_desc_foldername: folder, resume } = conf.nas.eval;
  const kept = new KeptJobs(executor, { files: environment, folder: `${folder}/trained`, resume });
  const descs = entries.map(({ desc }) => build(desc, parts));
  const rows: GalleryRow[] = [];
  let best: { readonly row: GalleryRow; readonly result: JobResult } | undefined;
  logger.pushd("eval_arch");
  await inOrder<JobResult>({
    executor,
    control: environment,
    start: (index, control) => {
      const desc = descs[index];
      return desc && kept.run(entries[index]!.name, evaluationJob(desc, parts), control);
    },
    fold: async (result, index) => {
      const row = rowOf(entries[index]!.name, descs[index]!, result.run, parts);
      rows.push(row);
      // Not a number is never more.
      if (!best || row.top1 > best.row.top1) best = { row, result };
      const { name, params, macs, top1, top5, loss } = row;
      logger.pushd(name);
      logger.info({ params, macs, top1, top5, loss });
      logger.popd();
      await logger.flush();
      return true;
    },
  });
  logger.popd();
  if (!best) throw new Error("there is no gallery to evaluate");
  return { rows, best: await keepBest(best.row, best.result, parts) };
}

function evaluationJob(desc: ModelDesc, { conf, seed }: EvaluaterParts): FixedJob {
  const { trainer, loader } = conf.nas.eval;
  const common = { seed, trainer, loader, dataset: loader.dataset, validation: "test", confusion: true } as const;
  return { kind: "fixed", desc: modelDescToJson(desc), path: "eval_arch", ...common };
}

function rowOf(name: string, desc: ModelDesc, run: RunRecord, { dataset }: EvaluaterParts): GalleryRow {
  const { height, width } = dataset;
  const { params, macs, flops } = modelStats(desc, { height, width, affine: true });
  const tested = run.epochs.findLast(({ val }) => val)?.val?.averages;
  const { top1, top5, loss } = tested ?? { top1: Number.NaN, top5: Number.NaN, loss: Number.NaN };
  return { name, desc, params, macs, flops, top1, top5, loss, run };
}

async function keepBest(row: GalleryRow, result: JobResult, parts: EvaluaterParts): Promise<EvaluationResult> {
  const { environment, conf, dataset, logger } = parts;
  const { desc, run, name } = row;
  const files = evaluationFiles(conf);
  logger.info({ best: name, best_val_top1: bestEpochs(run.epochs).val?.top1 ?? Number.NaN });
  await environment.writeFile(files.desc, modelDescToYaml(desc));
  await environment.writeFile(files.metrics, stringify(metricsTree(run)));
  const weights = modelTensors(result.params, unpackValues(result.values));
  await environment.writeFile(files.weights, writeSafetensors(weights));
  return { desc, run, ...imageFacts(dataset) };
}
