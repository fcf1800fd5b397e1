import { stringify } from "yaml";
import { modelDescToJson } from "../desc/json.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import { modelDescToYaml } from "../desc/yaml.ts";
import { modelTensors } from "../export/model.ts";
import { writeSafetensors } from "../export/safetensors.ts";
import { modelStats } from "../models/stats.ts";
import { metricsTree } from "../train/metrics.ts";
import { scaledToConf } from "./evaluated-network.ts";
import { type EvaluationResult, evaluationFiles, imageFacts } from "./evaluater.ts";
import type { GalleryEntry } from "./gallery.ts";
import { inOrder } from "./in-order.ts";
import type { FixedJob, JobResult } from "./job.ts";
import { unpackValues } from "./job.ts";
import { KeptJobs } from "./kept-jobs.ts";
import type { PhaseParts } from "./phase-parts.ts";

/** What became of one architecture of a gallery. */
export interface GalleryRow {
  readonly name: string;
  /** Trainable numbers, the aux tower included. */
  readonly params: number;
  /** Multiply-adds of one image. */
  readonly macs: number;
  readonly flops: number;
  /** On the test images after the last epoch; NaN where nothing was tested. */
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  /** The network that was trained, and how it went. */
  readonly result: EvaluationResult;
  readonly trained: JobResult;
}

/**
 * Evaluates every architecture of a gallery: each is trained from scratch with the same settings and tested. Its weights lie
 * beside it in the gallery, with PyTorch's names and layouts. The folder `trained` keeps what a resumed evaluation goes by, see
 * `KeptJobs`: with `nas.eval.resume` those that are finished there are not trained again.
 *
 * @returns a row each, in the order of the entries
 */
export async function evaluateGallery(
  entries: readonly GalleryEntry[],
  parts: PhaseParts,
  build = scaledToConf,
): Promise<GalleryRow[]> {
  const { environment, conf, logger, executor } = parts;
  const { final_desc_foldername: folder } = conf.nas.eval;
  const kept = keptJobs(parts);
  const networks = entries.map(({ name, desc }) => ({ name, desc: build(desc, conf) }));
  const rows: GalleryRow[] = [];
  logger.pushd("eval_arch");
  await inOrder<JobResult>({
    executor,
    control: environment,
    start: (index, control) => {
      const network = networks[index];
      return network && kept.run(network.name, evaluationJob(network.desc, parts), control);
    },
    fold: async (trained, index) => {
      const row = rowOf(networks[index]!, trained, parts);
      rows.push(row);
      await environment.writeFile(`${folder}/${row.name}.safetensors`, weightsOf(row));
      const { name, params, macs, top1, top5, loss } = row;
      logger.pushd(name);
      logger.info({ params, macs, top1, top5, loss });
      logger.popd();
      await logger.flush();
      return true;
    },
  });
  logger.popd();
  return rows;
}

/** Removes what earlier evaluations have left to go on by. @throws SupernetError("io") */
export const forgetEvaluated = (parts: PhaseParts): Promise<void> => keptJobs(parts).forget();

function keptJobs({ environment, executor, conf, keeping }: PhaseParts): KeptJobs {
  const { final_desc_foldername: folder, resume } = conf.nas.eval;
  return new KeptJobs(executor, { files: environment, folder: `${folder}/trained`, resume, keeping });
}

/** The most accurate one, the first of equals. @throws RangeError where there is none */
export function bestRow(rows: readonly GalleryRow[]): GalleryRow {
  const [first] = rows;
  if (!first) throw new RangeError("an empty gallery has no best row");
  // What was not tested is less than all else.
  const accuracy = ({ top1 }: GalleryRow) => (Number.isNaN(top1) ? Number.NEGATIVE_INFINITY : top1);
  return rows.reduce((best, row) => (accuracy(row) > accuracy(best) ? row : best), first);
}

/** Leaves description, metrics and weights of a row where the evaluation of a single network does. */
export async function leaveAsResult(row: GalleryRow, parts: PhaseParts): Promise<void> {
  const { environment, conf } = parts;
  const { result } = row;
  const files = evaluationFiles(conf);
  await environment.writeFile(files.desc, modelDescToYaml(result.desc));
  await environment.writeFile(files.metrics, stringify(metricsTree(result.run)));
  await environment.writeFile(files.weights, weightsOf(row));
}

const weightsOf = ({ trained: { params, values } }: GalleryRow) =>
  writeSafetensors(modelTensors(params, unpackValues(values)));

function evaluationJob(desc: ModelDesc, { conf, seed }: PhaseParts): FixedJob {
  const { trainer, loader } = conf.nas.eval;
  const common = { seed, trainer, loader, dataset: loader.dataset, validateOn: "test", confusion: true } as const;
  const section = "nas.eval.trainer";
  return { kind: "fixed", section, desc: modelDescToJson(desc), path: "eval_arch", ...common };
}

function rowOf({ name, desc }: GalleryEntry, trained: JobResult, { dataset }: PhaseParts): GalleryRow {
  const { height, width } = dataset;
  const { run } = trained;
  const { params, macs, flops } = modelStats(desc, { height, width, affine: true });
  const tested = run.epochs.findLast(({ val }) => val)?.val?.averages;
  const { top1, top5, loss } = tested ?? { top1: Number.NaN, top5: Number.NaN, loss: Number.NaN };
  return { name, params, macs, flops, top1, top5, loss, result: { desc, run, ...imageFacts(dataset) }, trained };
}
