import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import { bestEpochs, type EpochRecord, type PassRecord, type RunRecord } from "../train/metrics.ts";
import { Trainer } from "../train/trainer.ts";
import type { TrainingControl } from "./trainers.ts";
import type { TrainingSetup } from "./training-setup.ts";

export interface TrainRunOptions {
  readonly control: TrainingControl;
  readonly logger: Logger;
  /** Section of the log, such as `arch_train`; with the sections around it the record's path. */
  readonly title: string;
  readonly path: string;
  readonly loggerFreq: number;
  readonly setup: TrainingSetup;
  /** Awaited after each epoch is logged. */
  readonly onEpoch?: ((epoch: number) => Promise<void>) | undefined;
  /** Count how the validation images are classified in the end. */
  readonly confusion?: boolean;
}

/** Trains a network from beginning to end, logging as it goes, and returns what there is to know about the run. */
export async function trainRun(options: TrainRunOptions): Promise<RunRecord> {
  const { control, logger, title } = options;
  const { network, feeds, parts } = options.setup;
  const startTime = Date.now() / 1000;
  logger.pushd(title);
  logger.info({ ...feeds.sizes, batch_chunks: feeds.train.chunks, parameters: countWeights(network.params) });
  control.onPreparing?.(title);
  const trainer = await Trainer.create({
    ...parts,
    train: feeds.train,
    validation: feeds.validation,
    signal: control.signal,
    gate: control.gate,
    onProgress: (progress) => control.onProgress?.(title, progress),
  });
  try {
    const { liveBuffers, liveBytes } = network.engine.buffers;
    logger.info({ gpu_buffers: liveBuffers, gpu_bytes: liveBytes });
    logger.pushd("epochs");
    const epochs = await trainer.fit(async (record, epoch) => {
      logEpoch(logger, record, epoch);
      await logger.flush();
      await options.onEpoch?.(epoch);
    });
    logger.popd();
    logBest(logger, epochs);
    const { path, loggerFreq } = options;
    const record = { title, path, loggerFreq, startTime, endTime: Date.now() / 1000, epochs };
    const confusion = options.confusion ? await trainer.confusion() : undefined;
    return confusion ? { ...record, confusion } : record;
  } finally {
    trainer.dispose();
    logger.popd();
  }
}

/** Numbers that training moves. */
export function countWeights(params: readonly ParamSpec[]): number {
  const trained = params.filter(({ role }) => role !== "state");
  return trained.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Logs the figures of an epoch. */
export function logEpoch(logger: Logger, { train, val, startLr, endLr }: EpochRecord, epoch: number): void {
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
export function logBest(logger: Logger, epochs: readonly EpochRecord[]): void {
  const best = bestEpochs(epochs);
  for (const [name, epoch] of [["best_train", best.train] as const, ["best_val", best.val] as const]) {
    if (!epoch) continue;
    logger.pushd(name);
    logger.info({ epoch: epoch.epoch, top1: epoch.top1 });
    logger.popd();
  }
}
