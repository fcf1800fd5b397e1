import { SupernetError } from "../errors.ts";
import type { TrainerConf } from "./conf.ts";
import type { EpochRecord, PassRecord } from "./metrics.ts";
import { optimizerSchedule } from "./optimizers/schedule.ts";
import type { OptimizerSpec } from "./optimizers/spec.ts";
import type { Progress } from "./progress.ts";
import type { Schedule } from "./schedules/index.ts";

/** Told after each epoch, and awaited. @param epochs all so far, this one included */
export type OnEpoch = (record: EpochRecord, epoch: number, epochs: readonly EpochRecord[]) => void | Promise<void>;

/** Temperature of Gumbel-softmax samples by epoch, from 0. */
export type Temperature = (epoch: number) => number;

/** A training whose numbers do not stay finite goes back this often at most, each time on with half the learning rate. */
const HALVINGS = 5;

/** The course of a training run by a conf's `trainer` section, whatever computes it. Epochs and steps count from 0. */
export class Course {
  readonly stepsPerEpoch: number;
  /** Of the weights; halved learning rates are. */
  readonly schedule: Schedule;
  /** How often the learning rate was halved. */
  halvings = 0;
  readonly #conf: TrainerConf;

  /** @throws SupernetError("config") on impossible settings */
  constructor(conf: TrainerConf, optimizer: OptimizerSpec, stepsPerEpoch: number) {
    this.#conf = conf;
    this.stepsPerEpoch = stepsPerEpoch;
    const { epochs } = conf;
    const schedule = optimizerSchedule(conf.lr_schedule, optimizer, { epochs, stepsPerEpoch }, epochs * stepsPerEpoch);
    this.schedule = {
      at: (step) => {
        const rate = schedule.at(step);
        return { ...rate, lr: rate.lr / 2 ** this.halvings };
      },
    };
    if (this.backsOff && optimizer.type === "cocob") {
      throw new SupernetError(
        "config",
        "on_nonfinite: back_off halves the learning rate, and optimizer.type cocob has none; set on_nonfinite: stop",
      );
    }
  }

  /** Whether a training goes back when its numbers do not stay finite. */
  get backsOff(): boolean {
    return this.#conf.on_nonfinite === "back_off";
  }

  /** Whether it may go back once more. */
  get mayBackOff(): boolean {
    return this.backsOff && this.halvings < HALVINGS;
  }

  get epochs(): number {
    return this.#conf.epochs;
  }

  /**
   * Runs all epochs, one after another.
   * @param runEpoch is given those before
   * @param done the first epochs, which have been run before
   */
  async fit(
    runEpoch: (epoch: number, epochs: readonly EpochRecord[]) => Promise<EpochRecord>,
    onEpoch?: OnEpoch,
    done: readonly EpochRecord[] = [],
  ): Promise<EpochRecord[]> {
    let results = [...done];
    for (let epoch = done.length; epoch < this.#conf.epochs; epoch++) {
      const result = await runEpoch(epoch, results);
      results = [...results, result];
      await onEpoch?.(result, epoch, results);
    }
    return results;
  }

  /**
   * Runs an epoch: its training pass, and its validation if that is due.
   * @param validate undefined where nothing is validated on
   */
  async runEpoch(
    epoch: number,
    train: () => Promise<PassRecord>,
    validate: (() => Promise<PassRecord>) | undefined,
  ): Promise<EpochRecord> {
    const { epochs, validation } = this.#conf;
    const trained = await train();
    const freq = validation?.freq ?? 0;
    const due = freq > 0 && ((epoch + 1) % freq === 0 || epoch + 1 === epochs);
    const val = due ? await validate?.() : undefined;
    const first = this.step(epoch, 0);
    const rates = { startLr: this.schedule.at(first).lr, endLr: this.schedule.at(first + this.stepsPerEpoch).lr };
    return val ? { train: trained, val, ...rates } : { train: trained, ...rates };
  }

  /** Number of a step in the whole run. */
  step(epoch: number, batch: number): number {
    return epoch * this.stepsPerEpoch + batch;
  }

  /** Probability that a path is dropped; as in Archai it never reaches the conf's. */
  dropPath(epoch: number): number {
    return (this.#conf.drop_path_prob * epoch) / this.#conf.epochs;
  }

  /** @param batch batches of the pass that are done */
  progress(place: Omit<Progress, "epochs" | "lr">): Progress {
    const { phase, epoch, batch } = place;
    const last = this.step(epoch, phase === "train" ? batch : this.stepsPerEpoch) - 1;
    return { ...place, epochs: this.#conf.epochs, lr: this.schedule.at(last).lr };
  }
}
