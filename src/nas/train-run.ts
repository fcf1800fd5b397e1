import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import type { OnEpoch } from "../train/course.ts";
import { bestEpochs, type EpochRecord, type PassRecord, type RunRecord } from "../train/metrics.ts";
import type { TrainingControl } from "./training-control.ts";

/** A trainer, whatever it computes with. */
export interface RunTrainer {
  fit(onEpoch: OnEpoch): Promise<EpochRecord[]>;
  confusion(): Promise<number[][] | undefined>;
  dispose(): void;
}

export interface TrainRunOptions {
  readonly control: TrainingControl;
  readonly logger: Logger;
  /** Section of the log, such as `arch_train`, and how often the conf wants to be told. */
  readonly trainer: { readonly title: string; readonly logger_freq: number };
  /** Sections around this run in the log. */
  readonly path: string;
  /** Parameters of the network. */
  readonly params: readonly ParamSpec[];
  /** What the log says of the run before it is prepared. */
  readonly facts: Readonly<Record<string, number | string>>;
  /** Awaited after each epoch is logged. */
  readonly onEpoch?: ((epoch: number) => Promise<void>) | undefined;
  /** Count how the validation images are classified in the end. */
  readonly confusion?: boolean | undefined;
}

/**
 * Trains a network from beginning to end, logging as it goes, and returns what there is to know about the run.
 * @param make builds the trainer, which may take a minute; it is disposed here
 */
export async function trainRun(
  options: TrainRunOptions,
  make: () => RunTrainer | Promise<RunTrainer>,
): Promise<RunRecord> {
  const { control, logger, path, params, facts } = options;
  const { title, logger_freq: loggerFreq } = options.trainer;
  const startTime = Date.now() / 1000;
  logger.pushd(title);
  logger.info({ ...facts, parameters: countWeights(params) });
  control.onPreparing?.(title);
  const trainer = await make();
  try {
    logger.pushd("epochs");
    const epochs = await trainer.fit(async (record, epoch) => {
      logEpoch(logger, record, epoch);
      await logger.flush();
      await options.onEpoch?.(epoch);
    });
    logger.popd();
    logBest(logger, epochs);
    const record = { title, path: `${path}/${title}`, loggerFreq, startTime, endTime: Date.now() / 1000, epochs };
    const confusion = options.confusion ? await trainer.confusion() : undefined;
    return confusion ? { ...record, confusion } : record;
  } finally {
    trainer.dispose();
    logger.popd();
  }
}

/** Numbers that training moves. */
function countWeights(params: readonly ParamSpec[]): number {
  const trained = params.filter(({ role }) => role !== "state");
  return trained.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Logs the figures of an epoch. */
function logEpoch(logger: Logger, { train, val, startLr, endLr }: EpochRecord, epoch: number): void {
  logger.pushd(epoch);
  logger.info({ start_lr: startLr });
  logPass(logger, "train", train, { end_lr: endLr });
  if (val) logPass(logger, "val", val, {});
  logger.popd();
}

function logPass(logger: Logger, name: string, pass: PassRecord, more: Readonly<Record<string, number>>): void {
  const { top1, top5, loss } = pass.averages;
  const duration = pass.endTime - pass.startTime;
  logger.pushd(name);
  logger.info({ top1, top5, loss, duration, step_time: duration / pass.steps, ...more });
  logger.popd();
}

/** Logs which epochs were the best. */
function logBest(logger: Logger, epochs: readonly EpochRecord[]): void {
  const best = bestEpochs(epochs);
  for (const [name, epoch] of [["best_train", best.train] as const, ["best_val", best.val] as const]) {
    if (!epoch) continue;
    logger.pushd(name);
    logger.info({ epoch: epoch.epoch, top1: epoch.top1 });
    logger.popd();
  }
}
