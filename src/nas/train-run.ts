import type { ParamSpec } from "../graph/types.ts";
import type { Logger } from "../log/logger.ts";
import { bestEpochs, type EpochRecord, type PassRecord, type RunRecord } from "../train/metrics.ts";
import type { TrainingControl } from "./training-control.ts";

export interface TrainRunOptions {
  readonly control: TrainingControl;
  readonly logger: Logger;
  /** Section of the log, such as `arch_train`, how often the conf wants to be told, and for how long it trains. */
  readonly trainer: { readonly title: string; readonly logger_freq: number; readonly epochs: number };
  /** Sections around this run in the log. */
  readonly path: string;
}

type Facts = Readonly<Record<string, number | string>>;

/**
 * Tells the log how a training run goes, from its beginning to its end. A run may be begun more than once, when its device is
 * lost on the way: what was told is not told again.
 */
export class TrainRun {
  readonly #options: TrainRunOptions;
  readonly #startTime = Date.now() / 1000;
  #begun = false;
  #prepared = false;
  #ended = false;
  #epochs = 0;

  constructor(options: TrainRunOptions) {
    this.#options = options;
  }

  /** The run is about to be prepared. @param params of the network */
  begin(params: readonly ParamSpec[], facts: Facts): void {
    const { control, logger, trainer } = this.#options;
    if (!this.#begun) logger.info({ ...facts, parameters: countWeights(params) });
    this.#begun = true;
    control.onPreparing?.(trainer.title);
  }

  /** The run is prepared. */
  prepared(facts: Facts): void {
    if (!this.#prepared) this.#options.logger.info(facts);
    this.#prepared = true;
  }

  /** Logs the figures of those epochs that were not logged yet. @param epochs all so far */
  async epochsDone(epochs: readonly EpochRecord[]): Promise<void> {
    const { logger } = this.#options;
    if (epochs.length <= this.#epochs) return;
    logger.pushd("epochs");
    for (; this.#epochs < epochs.length; this.#epochs++) logEpoch(logger, epochs[this.#epochs]!, this.#epochs);
    logger.popd();
    await logger.flush();
  }

  /** All epochs have been trained. @param confusion counts of the validation images, where they were asked for */
  end(epochs: readonly EpochRecord[], confusion: number[][] | undefined): RunRecord {
    const { logger, path, trainer } = this.#options;
    const { title, logger_freq: loggerFreq } = trainer;
    if (!this.#ended) logBest(logger, epochs);
    this.#ended = true;
    const [startTime, endTime] = [this.#startTime, Date.now() / 1000];
    const record = { title, path: `${path}/${title}`, loggerFreq, startTime, endTime, epochs };
    return confusion ? { ...record, confusion } : record;
  }
}

/** Trains a network from beginning to end in a section of the log of its own. */
export async function trainRun<T>(options: TrainRunOptions, train: (run: TrainRun) => Promise<T>): Promise<T> {
  const { logger, trainer } = options;
  logger.pushd(trainer.title);
  try {
    return await train(new TrainRun(options));
  } finally {
    logger.popd();
  }
}

/** Numbers that training moves. */
function countWeights(params: readonly ParamSpec[]): number {
  const trained = params.filter(({ role }) => role !== "state");
  return trained.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);
}

/** Logs the figures of an epoch. */
function logEpoch(logger: Logger, { train, val, startLr, endLr, warnings = [] }: EpochRecord, epoch: number): void {
  for (const warning of warnings) logger.warn(warning);
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
