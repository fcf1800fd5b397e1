import type { ExperimentConf } from "../config/index.ts";
import type { Dataset, DatasetConf } from "../data/dataset.ts";
import { modelDescFromJson } from "../desc/json.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../export/safetensors.ts";
import type { ParamSpec } from "../graph/types.ts";
import { Logger } from "../log/logger.ts";
import type { RunRecord } from "../train/metrics.ts";
import { Checkpoint, type CheckpointSpec } from "./checkpoint.ts";
import type { LoaderConf, ValidateOn } from "./feeds.ts";
import type { RunFiles } from "./run-files.ts";
import type { SearchConf, SearchMethod } from "./search-method.ts";
import type { Trained } from "./trained.ts";
import type { Trainers } from "./trainers.ts";
import type { TrainingControl } from "./training-control.ts";

/**
 * A training run as plain data and bytes, which any process can carry out. On one kind of device the same job yields the same
 * bytes, whoever runs it, how often and beside what.
 */
export type TrainingJob = FixedJob | SupernetJob;

interface Job {
  /** The network as in files, see `modelDescToJson`. */
  readonly desc: unknown;
  /** Its images; paths are expanded. */
  readonly dataset: DatasetConf;
  readonly seed: number;
  /** See `WarmStart`; the values as `packValues` makes them. */
  readonly start?: { readonly seed: number; readonly values: Uint8Array } | undefined;
  /** Where it is kept while it runs; decides nothing. */
  readonly checkpoint?: CheckpointSpec | undefined;
}

/** Trains a network without alphas. */
export interface FixedJob extends Job {
  readonly kind: "fixed";
  /** Where the conf has `trainer`; for messages. */
  readonly section: string;
  readonly trainer: ExperimentConf["nas"]["eval"]["trainer"];
  readonly loader: LoaderConf;
  readonly validateOn: ValidateOn;
  readonly confusion: boolean;
  /** Sections around its title in the record. */
  readonly path: string;
}

/** Trains a supernet. */
export interface SupernetJob extends Job {
  readonly kind: "supernet";
  /** Whose method trains it. */
  readonly algorithm: string;
  readonly conf: SearchConf;
}

export interface JobResult {
  /** Of all that is here, only its times may differ from run to run. */
  readonly run: RunRecord;
  readonly params: readonly ParamSpec[];
  /** Weights, alphas and running statistics; read by `unpackValues`. */
  readonly values: Uint8Array;
}

/** What a job tells while it runs, and what holds and ends it. */
export interface JobControl extends TrainingControl {
  /** Of a supernet: what would be decided by, after every epoch. */
  readonly onEpoch?: ((epoch: number, trained: Trained) => void) | undefined;
}

/** What a job is carried out with. */
export interface JobTools {
  readonly trainers: Trainers;
  readonly files: RunFiles;
  readonly load: (conf: DatasetConf) => Promise<Dataset>;
  /** The method of the algorithm of that name. */
  readonly methodOf: (algorithm: string) => SearchMethod;
}

/** Carries out a job. @throws as `Trainers`, and as reading the data set does */
export async function runJob(job: TrainingJob, tools: JobTools, control: JobControl): Promise<JobResult> {
  const { seed, start, checkpoint } = job;
  const { onWarning = () => {} } = control;
  const desc = modelDescFromJson(job.desc);
  const common = {
    control,
    dataset: await tools.load(job.dataset),
    seed,
    // What happens is told by the record: logs of jobs that run side by side would mix.
    logger: new Logger({ writeText: async () => {}, appendText: async () => {} }),
    start: start && { seed: start.seed, values: unpackValues(start.values) },
    checkpoint: checkpoint && new Checkpoint(checkpoint, { files: tools.files, onWarning }),
  };
  control.signal?.throwIfAborted();
  const { run, params, values } =
    job.kind === "fixed"
      ? await tools.trainers.fixed(desc, { ...job, ...common })
      : await tools.trainers.supernet(desc, {
          ...common,
          conf: job.conf,
          method: tools.methodOf(job.algorithm),
          onEpoch: control.onEpoch,
        });
  return { run, params, values: packValues(values) };
}

/** Parameters by name as bytes, for a job or a file. */
export function packValues(values: ReadonlyMap<string, Float32Array>): Uint8Array<ArrayBuffer> {
  const flat = [...values].map(([name, data]): [string, SafeTensor] => [
    name,
    { dtype: "F32", shape: [data.length], data },
  ]);
  return writeSafetensors(new Map(flat));
}

/** The inverse. @throws SupernetError("io") for bytes that are damaged */
export function unpackValues(bytes: Uint8Array): Map<string, Float32Array> {
  const tensors = [...readSafetensors(bytes, "weights of a job")];
  return new Map(tensors.map(([name, { data }]) => [name, data as Float32Array]));
}
