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
  /** Warnings of the epoch under way since the run was begun, and of them those that were told. */
  #warnings = 0;
  #warningsTold = 0;

  constructor(options: TrainRunOptions) {
    this.#options = options;
  }

  /** The run is about to be prepared. @param params of the network */
  begin(params: readonly ParamSpec[], facts: Facts): void {
    const { control, logger, trainer } = this.#options;
    if (!this.#begun) logger.info({ ...facts, parameters: countWeights(params) });
    this.#begun = true;
    this.#warnings = 0;
    control.onPreparing?.(trainer.title);
  }

  /** The run is prepared. */
  prepared(facts: Facts): void {
    if (!this.#prepared) this.#options.logger.info(facts);
    this.#prepared = true;
  }

  /** An epoch begins anew because of this. */
  warned(warning: string): void {
    this.#warnings++;
    if (this.#warnings <= this.#warningsTold) return;
    this.#tellWarning(warning);
    this.#options.control.onWarning?.(warning);
  }

  #tellWarning(warning: string): void {
    this.#options.logger.warn(warning);
    this.#warningsTold++;
  }

  /** Logs those epochs that were not logged yet. @param epochs all so far */
  async epochsDone(epochs: readonly EpochRecord[]): Promise<void> {
    const { logger } = this.#options;
    if (epochs.length <= this.#epochs) return;
    for (; this.#epochs < epochs.length; this.#epochs++) {
      const record = epochs[this.#epochs]!;
      for (const warning of (record.warnings ?? []).slice(this.#warningsTold)) this.#tellWarning(warning);
      logger.pushd("epochs");
      logEpoch(logger, record, this.#epochs);
      logger.popd();
      this.#warnings = 0;
      this.#warningsTold = 0;
    }
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

/** Trains a network from beginning to end in a section of the log of its own; an error is logged there, too. */
export async function trainRun<T>(options: TrainRunOptions, train: (run: TrainRun) => Promise<T>): Promise<T> {
  const { logger, trainer } = options;
  logger.pushd(trainer.title);
  const result = await train(new TrainRun(options));
  logger.popd();
  return result;
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
