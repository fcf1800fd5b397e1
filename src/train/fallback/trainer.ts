import * as tf from "@tensorflow/tfjs-core";
import { SupernetError } from "../../errors.ts";
import type { TfStep } from "../../runtime/tfjs/index.ts";
import { abortable } from "../abortable.ts";
import { alphaOptimizer } from "../alphas.ts";
import type { TrainerConf } from "../conf.ts";
import { Course, type OnEpoch, type Temperature } from "../course.ts";
import type { Gate } from "../gate.ts";
import { lossSettings, smoothingOf } from "../loss-settings.ts";
import type { EpochRecord, PassRecord } from "../metrics.ts";
import { type BadPlace, NumericError } from "../not-finite.ts";
import { optimizerSpec, type StepRates, stepRates } from "../optimizers/spec.ts";
import { ROLES } from "../parameters.ts";
import { countPredictions, countTable } from "../predictions.ts";
import { type Progress, REPORT_EVERY } from "../progress.ts";
import { parameterName } from "../tensor-name.ts";
import { trainedRoles } from "../trained-roles.ts";
import type { TrainedBy, TrainedRole } from "../weight-update.ts";
import { FallbackBilevel } from "./bilevel.ts";
import type { HostBatch, HostFeed } from "./feed.ts";
import { PassCounter, sumsOf } from "./metrics.ts";
import type { FallbackNetwork } from "./network.ts";
import { FallbackOptimizer } from "./optimizer.ts";
import type { FallbackProgram } from "./program.ts";

export interface FallbackTrainerParts {
  readonly network: FallbackNetwork;
  readonly conf: TrainerConf;
  readonly seed: number;
  /** Batches that train; its chunks are the network's batch. */
  readonly train: HostFeed;
  /** Batches that drive the alphas of a search, cut like those that train; without them only `trained` says what happens to the alphas. */
  readonly alphas?: HostFeed | undefined;
  /** What its optimizers move; by default `optimizer` the weights. */
  readonly trained?: TrainedBy | undefined;
  /** Of Gumbel-softmax samples, if the network has such; default is 1. */
  readonly temperature?: Temperature | undefined;
  /** What to validate on, every `conf.validation.freq` epochs and after the last one; in one chunk a batch. */
  readonly validation?: HostFeed | undefined;
  /** Awaited after each step, with its number, to look at what it did. */
  readonly onStep?: ((step: number) => Promise<void> | undefined) | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Holds the run before its next step while it is closed. */
  readonly gate?: Gate | undefined;
}

/**
 * Trains a network by a conf's `trainer` section on TensorFlow.js, for browsers without WebGPU: what `Trainer` does, with
 * the same numbers up to rounding. The host waits for each step; nothing here is made to be fast.
 */
export class FallbackTrainer {
  readonly #parts: FallbackTrainerParts;
  readonly #program: FallbackProgram;
  readonly #evaluation: FallbackProgram | undefined;
  /** What moves in each step, and how. */
  readonly #updates: ReadonlyMap<TrainedRole, RoleUpdate>;
  readonly #course: Course;
  readonly #bilevel: FallbackBilevel | undefined;
  #reported = performance.now();

  /** @throws SupernetError("config") on impossible settings, or those that only the engine knows */
  constructor(parts: FallbackTrainerParts) {
    const { network, conf, train, alphas, validation, trained = { weights: "optimizer" } } = parts;
    if (conf.reference_quirks) {
      throw new SupernetError("config", "reference_quirks need WebGPU; set trainer.reference_quirks: false");
    }
    if (conf.on_nonfinite === "back_off") {
      throw new SupernetError("config", "on_nonfinite: back_off needs WebGPU; set trainer.on_nonfinite: stop");
    }
    this.#parts = parts;
    const spec = optimizerSpec(conf.optimizer);
    this.#course = new Course(conf, spec, train.startPass(0));
    const gradients = trainedRoles(trained);
    this.#program = network.trainingProgram({ ...lossSettings(conf), gradients, runningStats: true });
    this.#evaluation =
      validation && conf.validation
        ? network.evaluationProgram(smoothingOf(conf.validation.lossfn), validation.samples)
        : undefined;
    const { schedule, stepsPerEpoch } = this.#course;
    const byWeights = { spec, rates: (step: number) => stepRates(spec, step + 1, schedule.at(step)) };
    this.#updates = new Map(
      gradients.map((role) => {
        const by = trained[role] === "alpha_optimizer" ? alphaOptimizer(conf, stepsPerEpoch) : byWeights;
        const optimizer = new FallbackOptimizer(by.spec, network.layouts[role], network.vectors[role]);
        return [role, { optimizer, rates: by.rates }];
      }),
    );
    try {
      this.#bilevel = alphas && this.#makeBilevel();
    } catch (error) {
      this.#disposeUpdates();
      throw error;
    }
  }

  #makeBilevel(): FallbackBilevel {
    const { network, conf } = this.#parts;
    const { stepsPerEpoch } = this.#course;
    const weights = this.#updates.get("weights")!.optimizer;
    return new FallbackBilevel({ network, conf, program: this.#program, weights, stepsPerEpoch });
  }

  /**
   * Trains all epochs; the caller is told after each.
   * @throws NumericError when the numbers do not stay finite; the signal's reason when aborted
   */
  async fit(onEpoch?: OnEpoch): Promise<EpochRecord[]> {
    const tensor = await this.#badParameter();
    if (tensor) throw this.#numeric({ phase: "train", epoch: 0, batch: undefined }, tensor);
    return this.#course.fit((epoch) => this.runEpoch(epoch), onEpoch);
  }

  runEpoch(epoch: number): Promise<EpochRecord> {
    const program = this.#evaluation;
    const validate = program && (() => this.#validate(program, epoch));
    return this.#course.runEpoch(epoch, () => this.#train(epoch), validate);
  }

  async #train(epoch: number): Promise<PassRecord> {
    const { train, alphas, onStep } = this.#parts;
    const batches = train.startPass(epoch);
    const alphaBatches = alphas?.startPass(epoch) ?? 1;
    const counter = new PassCounter();
    for (let batch = 0; batch < batches; batch++) {
      const step = this.#course.step(epoch, batch);
      // A set that drives the alphas and is shorter than the training set starts over.
      const place = { phase: "train", epoch, batch } as const;
      await this.#count(counter, place, () => this.#step(epoch, step, batch, batch % alphaBatches));
      await onStep?.(step);
      this.#report("train", epoch, batch + 1, batches, counter);
    }
    return counter.record();
  }

  async #validate(program: FallbackProgram, epoch: number): Promise<PassRecord> {
    const { validation, seed } = this.#parts;
    const batches = validation!.startPass(0);
    const counter = new PassCounter();
    for (let batch = 0; batch < batches; batch++) {
      await this.#count(counter, { phase: "validate", epoch, batch }, () => {
        const chunks = validation!.load(batch, { seed, step: 0 });
        const sums = tf.tidy(() => tf.addN(chunks.map((chunk) => sumsOf(program.run(chunk), chunk.valid))));
        return { sums, chunks };
      });
      this.#report("validate", epoch, batch + 1, batches, counter);
    }
    return counter.record();
  }

  /**
   * Runs a step, waits for its metrics and frees its images.
   * @throws NumericError when its loss, or what it has made of a parameter, is NaN or infinite
   */
  async #count(counter: PassCounter, place: Where, run: () => Step): Promise<void> {
    await this.#mayStep();
    const { sums, chunks } = run();
    const samples = chunks.reduce((total, { valid }) => total + valid, 0);
    try {
      const [loss = 0, top1 = 0, top5 = 0, bad = 0] = await this.#read(sums);
      // After a bad loss all parameters are: it was the first.
      if (!Number.isFinite(loss)) throw this.#numeric(place, "the loss");
      if (bad > 0) throw this.#numeric(place, await this.#badParameter());
      counter.add([loss, top1, top5], samples);
    } finally {
      sums.dispose();
      disposeAll(chunks);
    }
  }

  #numeric(place: Where, tensor: string | undefined): NumericError {
    const { validation } = this.#parts;
    const batches = place.phase === "train" ? this.#course.stepsPerEpoch : validation!.startPass(0);
    return new NumericError({ ...place, epochs: this.#course.epochs, batches }, tensor, undefined);
  }

  /** The first parameter that is NaN or infinite. */
  async #badParameter(): Promise<string | undefined> {
    const { network, signal } = this.#parts;
    const values = await abortable(network.save(), signal);
    const bad = network.params.find(({ name }) => !values.get(name)!.every(Number.isFinite));
    return bad && parameterName(bad);
  }

  /** @throws the signal's reason when it is aborted */
  async #mayStep(): Promise<void> {
    const { signal, gate } = this.#parts;
    signal?.throwIfAborted();
    if (gate?.closed) await abortable(gate.passed(), signal);
  }

  /** A WebGL context that is lost never answers: the signal ends the wait. */
  #read(tensor: tf.Tensor): Promise<Float32Array | Int32Array | Uint8Array> {
    return abortable(tensor.data(), this.#parts.signal);
  }

  /**
   * How the validation feed's images are classified now, `[label][prediction]`; undefined where nothing is validated on.
   * @throws as `fit`
   */
  async confusion(): Promise<number[][] | undefined> {
    const { validation, seed } = this.#parts;
    const program = this.#evaluation;
    if (!validation || !program) return undefined;
    const batches = validation.startPass(0);
    let counts: number[][] | undefined;
    for (let batch = 0; batch < batches; batch++) {
      await this.#mayStep();
      for (const chunk of validation.load(batch, { seed, step: 0 })) {
        const logits = tf.tidy(() => program.run(chunk).logits);
        try {
          const [scores, labels] = await Promise.all([this.#read(logits), this.#read(chunk.y)]);
          counts ??= countTable(logits.shape[1]);
          countPredictions(counts, scores as Float32Array, Uint32Array.from(labels.subarray(0, chunk.valid)));
        } finally {
          tf.dispose([logits, chunk.x, chunk.y]);
        }
      }
    }
    return counts;
  }

  /** One optimizer step. */
  #step(epoch: number, step: number, batch: number, alphaBatch: number) {
    const { seed, train, alphas, temperature } = this.#parts;
    const chunks = train.load(batch, { seed, step });
    if (this.#bilevel) {
      const val = alphas!.load(alphaBatch, { seed, step });
      this.#bilevel.step(step, chunks, val, this.#updates.get("weights")!.rates(step));
      disposeAll(val);
    }
    const dropPath = this.#course.dropPath(epoch);
    return { sums: this.#move(chunks, { seed, step, dropPath, temperature: temperature?.(epoch) }), chunks };
  }

  /**
   * From the chunks of a batch to new parameters and running statistics.
   * @returns the batch's sums of the metrics, and how many of the new numbers are not finite
   */
  #move(chunks: readonly HostBatch[], at: Omit<TfStep, "sampleStart">): tf.Tensor {
    const { network, conf } = this.#parts;
    return tf.tidy(() => {
      const results = chunks.map((chunk) => {
        const { gradients, sums, state } = tf.tidy(() => {
          const result = this.#program.run(chunk, { ...at, sampleStart: chunk.sampleStart });
          return {
            gradients: [...this.#updates.keys()].map((role) => result.gradient(role)),
            sums: sumsOf(result, chunk.valid),
            state: result.state() ?? tf.zeros([0]),
          };
        });
        // The next chunk goes on from these running statistics.
        if (state.size > 0) network.set("state", tf.keep(state) as tf.Tensor1D);
        return { gradients, sums };
      });
      const means = [...this.#updates.keys()].map((_, index) => {
        const sum = tf.addN(results.map(({ gradients }) => gradients[index]!));
        return tf.div(sum, chunks.length) as tf.Tensor1D;
      });
      const gradients = conf.grad_clip > 0 ? clipped(means, conf.grad_clip) : means;
      [...this.#updates].forEach(([role, { optimizer, rates }], index) => {
        network.set(role, tf.keep(optimizer.step(network.vectors[role], gradients[index]!, rates(at.step))));
      });
      const bad = tf.addN(ROLES.map((role) => tf.sum(tf.logicalNot(tf.isFinite(network.vectors[role])))));
      return tf.concat1d([tf.addN(results.map(({ sums }) => sums)), tf.reshape(tf.cast(bad, "float32"), [1])]);
    });
  }

  #report(phase: Progress["phase"], epoch: number, batch: number, batches: number, { averages }: PassCounter): void {
    const { onProgress } = this.#parts;
    const now = performance.now();
    if (batch < batches && now - this.#reported < REPORT_EVERY) return;
    this.#reported = now;
    onProgress?.(this.#course.progress({ phase, epoch, batch, batches, averages }));
  }

  /** Frees everything but the network. */
  dispose(): void {
    this.#disposeUpdates();
    this.#bilevel?.dispose();
  }

  #disposeUpdates(): void {
    for (const { optimizer } of this.#updates.values()) optimizer.dispose();
  }
}

/** A step, or batch, that has been begun. */
interface Step {
  /** Of the metrics, see `sumsOf`; after a training step also how many numbers it has left that are not finite. */
  readonly sums: tf.Tensor;
  readonly chunks: readonly HostBatch[];
}

type Where = Pick<BadPlace, "phase" | "epoch" | "batch">;

interface RoleUpdate {
  readonly optimizer: FallbackOptimizer;
  /** @param step from 0 */
  readonly rates: (step: number) => StepRates;
}

/** Scaled down to a norm of at most `most` of all together, as PyTorch does. */
function clipped(gradients: readonly tf.Tensor1D[], most: number): tf.Tensor1D[] {
  const factor = tf.minimum(tf.div(most, tf.add(tf.norm(tf.concat1d([...gradients])), 1e-6)), 1);
  return gradients.map((gradient) => tf.mul(gradient, factor));
}

function disposeAll(chunks: readonly HostBatch[]): void {
  tf.dispose(chunks.flatMap(({ x, y }) => [x, y]));
}
