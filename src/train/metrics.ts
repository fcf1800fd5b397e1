import type { Averages } from "./metric-sums.ts";

/** One pass over a data set. Times are seconds since 1970. */
export interface PassRecord {
  readonly averages: Averages;
  /** The last step alone, where it is known. */
  readonly lastStep?: Averages;
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
  /** What went wrong, and was put right by beginning the epoch anew. */
  readonly warnings?: readonly string[];
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
  /** Counts of the validation images after the last epoch, `[label][prediction]`, where they were asked for. */
  readonly confusion?: readonly (readonly number[])[];
  /** Test after training. */
  readonly test?: RunRecord;
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
      const top1 = pass(record)?.averages.top1;
      if (top1 !== undefined && (!found || top1 > found.top1)) found = { epoch, top1 };
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

function passTree({ averages, lastStep = averages, steps, startTime, endTime }: PassRecord, index: number): Tree {
  const duration = endTime - startTime;
  const stepTime = duration / steps;
  const meter = (key: "loss" | "top1" | "top5"): Tree => {
    const { [key]: avg, samples } = averages;
    return { avg, cnt: samples, last: lastStep[key], sum: avg * samples };
  };
  return {
    _step_start_time: endTime - stepTime,
    end_time: endTime,
    index,
    loss: meter("loss"),
    start_time: startTime,
    step: steps - 1,
    step_time: { avg: stepTime, cnt: steps, last: stepTime, sum: duration },
    top1: meter("top1"),
    top5: meter("top5"),
  };
}
