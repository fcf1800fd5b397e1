import type { MetricSums } from "./metric-sums.ts";

/** Averages over the samples of a pass. */
export interface Averages {
  readonly loss: number;
  readonly top1: number;
  readonly top5: number;
}

/** One pass over a data set. Times are seconds since 1970. */
export interface PassRecord {
  readonly sums: MetricSums;
  readonly steps: number;
  readonly startTime: number;
  readonly endTime: number;
}

export interface EpochRecord {
  readonly train: PassRecord;
  /** Absent in epochs that do not validate. */
  readonly val?: PassRecord;
  /** Learning rates before the first step and after the last. */
  readonly startLr: number;
  readonly endLr: number;
}

/** One run of a trainer or tester; of a tester `epochs` holds one epoch, its learning rates NaN. */
export interface RunRecord {
  readonly title: string;
  /** Where the log keeps this run: `eval_arch/eval_train`. */
  readonly path: string;
  readonly loggerFreq: number;
  readonly startTime: number;
  readonly endTime: number;
  readonly epochs: readonly EpochRecord[];
  /** Test after training. */
  readonly test?: RunRecord;
}

/** Every sample counts the same, whatever the batches; NaN for a pass without samples. */
export function passAverages({ loss, top1, top5, samples }: MetricSums): Averages {
  return { loss: loss / samples, top1: top1 / samples, top5: top5 / samples };
}

export interface BestEpoch {
  readonly epoch: number;
  readonly top1: number;
}

/**
 * The epochs with the highest top1 in training and in validation, the first of equals; `undefined` where there is none.
 * (Archai reports epoch 0 as the best in validation whatever happens.)
 */
export function bestEpochs(epochs: readonly EpochRecord[]): { train?: BestEpoch; val?: BestEpoch } {
  const best = (pass: (record: EpochRecord) => PassRecord | undefined): BestEpoch | undefined => {
    let found: BestEpoch | undefined;
    epochs.forEach((record, epoch) => {
      const sums = pass(record)?.sums;
      if (!sums) return;
      const { top1 } = passAverages(sums);
      if (!found || top1 > found.top1) found = { epoch, top1 };
    });
    return found;
  };
  const train = best((record) => record.train);
  const val = best((record) => record.val);
  return { ...(train && { train }), ...(val && { val }) };
}

type Tree = { readonly [key: string]: number | string | null | Tree | readonly Tree[] };

/**
 * A run as plain data with the keys of Archai's `*_metrics.yaml`, without its Python tags. The device runs ahead of the
 * host, so steps are not timed one by one: `step_time.last` is the average.
 */
export function metricsTree(run: RunRecord): Tree {
  const steps = run.epochs.reduce((count, epoch) => count + epoch.train.steps, 0);
  return {
    _tb_path: run.path,
    global_step: steps - 1,
    logger_freq: run.loggerFreq,
    run_metrics: {
      end_time: run.endTime,
      epoch: run.epochs.length - 1,
      epochs_metrics: run.epochs.map((epoch, index) => ({
        ...passTree(epoch.train, index),
        start_lr: epoch.startLr,
        end_lr: epoch.endLr,
        val_metrics: epoch.val
          ? { ...passTree(epoch.val, index), start_lr: Number.NaN, end_lr: Number.NaN, val_metrics: null }
          : null,
      })),
      start_time: run.startTime,
      test_metrics: run.test ? metricsTree(run.test) : null,
    },
    title: run.title,
  };
}

function passTree({ sums, steps, startTime, endTime }: PassRecord, index: number): Tree {
  const duration = endTime - startTime;
  const stepTime = duration / steps;
  const meter = (sum: number, count: number, last: number): Tree => ({ avg: sum / count, cnt: count, last, sum });
  const { samples, stepSamples } = sums;
  return {
    _step_start_time: endTime - stepTime,
    end_time: endTime,
    index,
    loss: meter(sums.loss, samples, sums.stepLoss / stepSamples),
    start_time: startTime,
    step: steps - 1,
    step_time: meter(duration, steps, stepTime),
    top1: meter(sums.top1, samples, sums.stepTop1 / stepSamples),
    top5: meter(sums.top5, samples, sums.stepTop5 / stepSamples),
  };
}
