import { type BoundDispatch, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import type { BoundProgram, Program, ProgramBindings } from "../runtime/webgpu/program.ts";
import { alphaRates, StepUniform, type StepValues } from "../runtime/webgpu/step.ts";
import { abortable } from "./abortable.ts";
import { type AlphaOptimizer, alphaOptimizer } from "./alphas.ts";
import type { TrainerConf } from "./conf.ts";
import { Course, type OnEpoch, type Temperature } from "./course.ts";
import type { BadStep } from "./diagnosis.ts";
import { Evaluation } from "./evaluation.ts";
import { type Feed, selectChunks } from "./feed.ts";
import { Flow } from "./flow.ts";
import type { Gate } from "./gate.ts";
import { Guard, METRICS } from "./guard.ts";
import { lossSettings, smoothingOf } from "./loss-settings.ts";
import { type Averages, DeviceMetrics } from "./metric-sums.ts";
import type { EpochRecord, PassRecord } from "./metrics.ts";
import type { Network } from "./network.ts";
import { type BadPlace, NotFinite, NumericError } from "./not-finite.ts";
import { type OptimizerSpec, optimizerSpec, stepRates } from "./optimizers/index.ts";
import { ROLES } from "./parameters.ts";
import { runPass } from "./pass.ts";
import type { Progress } from "./progress.ts";
import type { Schedule } from "./schedules/index.ts";
import type { NamedBuffers, Place, Snapshot, SnapshotTaking } from "./snapshot.ts";
import { arenaTensor, writtenTensor } from "./tensor-name.ts";
import { trainedRoles } from "./trained-roles.ts";
import { type RoleUpdate, type TrainedBy, type TrainedRole, WeightUpdate } from "./weight-update.ts";

/**
 * What an algorithm adds to a training step: commands that run before the weights are updated, such as an update of the
 * alphas. Made for one trainer by a `StepHookFactory`.
 */
export interface StepHook {
  /** Binds what the factory has compiled: when all programs are known, they share one set of temporaries. */
  prepare(): Promise<void>;
  /** Dispatches to run on the weight gradients before they are clipped. */
  readonly beforeClip: readonly BoundDispatch[];
  /** What the uniform says beyond the weights' part in each chunk of this batch. `step` counts from 0. */
  select(step: number, batch: number): readonly Partial<StepValues>[];
  startEpoch(epoch: number): void;
  encode(encoder: GPUCommandEncoder): void;
  /** Vectors that outlive a step, by names of its own, but for the network's parameters. */
  readonly state: NamedBuffers;
  dispose(): void;
}

/** What a hook may build on. */
export interface HookContext {
  readonly network: Network;
  readonly conf: TrainerConf;
  readonly train: Feed;
  readonly step: StepUniform;
  /** The trainer's program; may be bound to other arenas. */
  readonly program: Program;
  readonly update: WeightUpdate;
  readonly schedule: Schedule;
  readonly stepsPerEpoch: number;
  /** When it is aborted, nothing is to be prepared or submitted any more. */
  readonly signal?: AbortSignal | undefined;
}

export type StepHookFactory = (context: HookContext) => StepHook;

export interface TrainerParts {
  readonly network: Network;
  readonly conf: TrainerConf;
  readonly seed: number;
  /** Batches that train; its chunks are the network's batch. */
  readonly train: Feed;
  /** What to validate on, every `conf.validation.freq` epochs and after the last one. Its batch may differ from the network's. */
  readonly validation?: Feed | undefined;
  /** What its optimizers move; by default `optimizer` the weights. */
  readonly trained?: TrainedBy;
  readonly hook?: StepHookFactory | undefined;
  /** Of Gumbel-softmax samples, if the network has such; default is 1. */
  readonly temperature?: Temperature | undefined;
  /** Called and awaited after each step is submitted, to look at what it did; training waits meanwhile. */
  readonly onStep?: ((step: number) => Promise<void>) | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Who is given where the training stands, now and then and after each epoch: from there, `fit` can go on. */
  readonly snapshots?: SnapshotTaking | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Holds the run before its next step while it is closed. */
  readonly gate?: Gate | undefined;
}

/** What is done of a pass. */
type Begun = Pick<Place, "batch" | "seconds">;

/** Where a pass begins that nothing of is done. */
const BEGINNING: Begun = { batch: 0, seconds: 0 };

/**
 * Trains a network by a conf's `trainer` section: everything between two reads of the metrics happens on the device.
 * The network's parameters are the caller's: initialised or loaded before, read after.
 */
export class Trainer {
  /** Forward, backward and metrics of one chunk. */
  readonly program: Program;
  readonly update: WeightUpdate;
  readonly step: StepUniform;
  readonly metrics: DeviceMetrics;
  readonly hook: StepHook | undefined;
  readonly #parts: TrainerParts;
  readonly #flow: Flow;
  readonly #optimizer: OptimizerSpec;
  /** Undefined unless it is among those that move something in each step. */
  readonly #alphas: AlphaOptimizer | undefined;
  readonly #course: Course;
  readonly #evaluation: Evaluation | undefined;
  readonly #guard: Guard | undefined;
  #epochs: readonly EpochRecord[] = [];

  #bound: BoundProgram | undefined;
  #accumulateMetrics: readonly Kernel[] = [];
  readonly #disposers: (() => void)[] = [];

  /**
   * @throws SupernetError("config") on impossible settings, SupernetError("device") when the network does not fit; the
   *   signal's reason when aborted
   */
  static async create(parts: TrainerParts): Promise<Trainer> {
    const trainer = parts.network.engine.buffers.attempt(() => new Trainer(parts));
    const preparing = trainer.#prepare();
    try {
      // Drivers may compile for a minute, which nobody who stops a run waits for.
      await abortable(preparing, parts.signal);
      return trainer;
    } catch (error) {
      parts.network.engine.leave(preparing.catch(() => {}).finally(() => trainer.dispose()));
      throw error;
    }
  }

  private constructor(parts: TrainerParts) {
    const { network, conf, train, trained = { weights: "optimizer" } } = parts;
    const { engine } = network;
    this.#parts = parts;
    this.#flow = new Flow(engine, parts.signal, parts.gate);
    this.step = new StepUniform(engine.device, engine.buffers, train.chunks);
    this.metrics = new DeviceMetrics(engine);
    const optimizer = optimizerSpec(conf.optimizer);
    this.#optimizer = optimizer;
    this.#course = new Course(conf, optimizer, train.startPass(0));
    const byAlphas = Object.values(trained).includes("alpha_optimizer");
    this.#alphas = byAlphas ? alphaOptimizer(conf, this.#course.stepsPerEpoch) : undefined;
    const roles = trainedRoles(trained);
    const settings = {
      updates: new Map(roles.map((role) => [role, this.#updateOf(trained[role])])),
      clip: conf.grad_clip,
      chunks: train.chunks,
      sumChunks: conf.reference_quirks ?? false,
    };
    this.update = new WeightUpdate(network, settings, this.step.buffer);
    this.program = network.trainingProgram({ ...lossSettings(conf), gradients: roles, runningStats: true });
    this.hook = parts.hook?.({
      network,
      conf,
      train,
      step: this.step,
      program: this.program,
      update: this.update,
      schedule: this.#course.schedule,
      stepsPerEpoch: this.#course.stepsPerEpoch,
      signal: parts.signal,
    });
    if (parts.validation && conf.validation) {
      const smoothing = smoothingOf(conf.validation.lossfn);
      const { validation: feed, signal, gate } = parts;
      this.#evaluation = new Evaluation({ network, feed, smoothing, signal, gate });
    }
    const epochsOnly = this.#course.backsOff;
    const snapshots = parts.snapshots ?? (epochsOnly ? { tell: () => {} } : undefined);
    const { metrics } = this;
    this.#guard =
      snapshots &&
      new Guard({ engine, vectors: this.#vectors(), metrics, snapshots, epochsOnly, signal: parts.signal });
  }

  /** All that a step leaves to the next. */
  #vectors(): NamedBuffers {
    const { arenas } = this.#parts.network;
    const optimizers = [...this.update.optimizers].flatMap(([role, { state }]) =>
      [...state].map(([name, { buffer }]) => [`${role} ${name}`, buffer] as const),
    );
    return new Map<string, GPUBuffer>([
      ...ROLES.map((role) => [role, arenas[role].buffer] as const),
      ...optimizers,
      ...(this.hook?.state ?? []),
      [METRICS, this.metrics.sums],
    ]);
  }

  #updateOf(by: TrainedBy[TrainedRole]): RoleUpdate {
    if (by === "alpha_optimizer") return { spec: this.#alphas!.spec, rates: "alphas" };
    return { spec: this.#optimizer, rates: "weights" };
  }

  async #prepare(): Promise<void> {
    const { network, train, signal } = this.#parts;
    network.requireMemory();
    await network.tune();
    await train.prepare(this.step.buffer);
    await this.hook?.prepare();
    signal?.throwIfAborted();
    await this.#evaluation?.prepare();
    signal?.throwIfAborted();
    this.#bound = await this.program.bind(this.#bindings(train));
    this.#disposers.push(this.#bound.dispose);
    const accumulate = await network.engine.kernels(
      [this.metrics.accumulate(this.program, this.step.buffer)],
      "metrics",
    );
    this.#accumulateMetrics = accumulate.kernels;
    this.#disposers.push(accumulate.dispose);
    await this.update.prepare(this.hook?.beforeClip);
    await this.#guard?.prepare();
    // The network may be gone by now, and a command on it would fail.
    signal?.throwIfAborted();
    this.update.reset();
  }

  /** Bindings of a training program to this trainer's gradients and a feed. */
  #bindings(feed: Feed): ProgramBindings {
    const { network } = this.#parts;
    return {
      arenas: { params: network.arenas, grads: this.update.chunkGradient, next: { state: network.stateShadow } },
      inputs: { x: feed.x, y: feed.y, ...feed.inputs },
      step: this.step.buffer,
    };
  }

  /**
   * Trains all epochs; the caller is told after each.
   * @param from where this training stood before: what follows is the same to the bit as if it had never been cut off
   * @throws SupernetError("device") when the device fails; NumericError when the numbers do not stay finite, in detail where
   *   snapshots are taken; the signal's reason when aborted.
   */
  async fit(onEpoch?: OnEpoch, from?: Snapshot): Promise<EpochRecord[]> {
    this.#course.halvings = from?.halvings ?? 0;
    await this.#begin(from);
    const runEpoch = (epoch: number, epochs: readonly EpochRecord[]) => {
      this.#epochs = epochs;
      return this.runEpoch(epoch, from?.epoch === epoch ? from : BEGINNING);
    };
    const told: OnEpoch = async (record, epoch, epochs) => {
      await onEpoch?.(record, epoch, epochs);
      this.#guard?.ended(this.#place({ ...BEGINNING, epoch: epoch + 1, epochs }));
    };
    return this.#course.fit(runEpoch, told, from?.epochs);
  }

  async #begin(from: Snapshot | undefined): Promise<void> {
    const bad = await this.#guard?.begin(from, this.#place({ ...BEGINNING, epoch: 0, epochs: [] }));
    if (!bad) return;
    const { epochs, stepsPerEpoch: batches } = this.#course;
    const place: BadPlace = { phase: "train", epoch: from?.epoch ?? 0, epochs, batch: undefined, batches };
    throw new NumericError(place, arenaTensor(bad) ?? bad.binding.buffer.label, 0);
  }

  #place(place: Omit<Place, "halvings">): Place {
    return { ...place, halvings: this.#course.halvings };
  }

  /** Runs an epoch; by conf again with half the learning rate, if its numbers do not stay finite. @throws as `fit` */
  async runEpoch(epoch: number, from: Begun = BEGINNING): Promise<EpochRecord> {
    const warnings: string[] = [];
    for (let begun = from; ; begun = BEGINNING) {
      try {
        const record = await this.#runEpoch(epoch, begun);
        return warnings.length > 0 ? { ...record, warnings } : record;
      } catch (error) {
        if (!(error instanceof NumericError) || !this.#course.mayBackOff) throw error;
        await this.#guard!.goBack();
        this.#course.halvings++;
        warnings.push(`${error.what}; the epoch begins anew with half the learning rate`);
      }
    }
  }

  #runEpoch(epoch: number, from: Begun): Promise<EpochRecord> {
    const evaluation = this.#evaluation;
    const train = () => this.#train(epoch, from);
    const validate = evaluation && (() => evaluation.run(this.#report("validate", epoch)));
    return this.#course.runEpoch(
      epoch,
      () => this.#explained({ phase: "train", epoch }, train, (batch) => this.#blame(epoch, batch)),
      validate && (() => this.#explained({ phase: "validate", epoch }, validate, (batch) => evaluation.blame(batch))),
    );
  }

  /**
   * Runs a pass and, where NaN or infinity comes up, finds out where from.
   * @throws NumericError then
   */
  async #explained(
    place: Pick<BadPlace, "phase" | "epoch">,
    run: () => Promise<PassRecord>,
    blame: (batch: number) => Promise<BadStep | undefined>,
  ): Promise<PassRecord> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof NotFinite)) throw error;
      const { batch = error.batch, write } = (await blame(error.batch)) ?? {};
      const { train, validation, network } = this.#parts;
      const batches = (place.phase === "train" ? train : validation!).startPass(place.epoch);
      const tensor = write && writtenTensor(network.desc, write);
      const { epochs, halvings } = this.#course;
      throw new NumericError({ ...place, epochs, batch, batches }, tensor, halvings);
    }
  }

  #blame(epoch: number, batch: number): Promise<BadStep | undefined> {
    return Promise.resolve(this.#guard?.blame(epoch, batch, (encoder, step) => this.encodeStep(encoder, epoch, step)));
  }

  async #train(epoch: number, from: Begun): Promise<PassRecord> {
    const { train, onStep } = this.#parts;
    const batches = train.startPass(epoch);
    this.hook?.startEpoch(epoch);
    const pass = await runPass(this.#flow, this.metrics, {
      batches,
      from,
      encode: (encoder, batch) => this.encodeStep(encoder, epoch, batch),
      afterBatch: async (batch, seconds) => {
        const place = () => this.#place({ epoch, batch: batch + 1, epochs: this.#epochs, seconds: seconds() });
        await this.#guard?.stepped(place);
        await onStep?.(this.#course.step(epoch, batch));
      },
      isBad: this.#guard && (() => this.#guard!.isBad()),
      report: this.#report("train", epoch),
    });
    await this.#guard?.trained(batches);
    return pass;
  }

  /** One optimizer step: chooses the batch, writes the uniform, encodes everything. */
  encodeStep(encoder: GPUCommandEncoder, epoch: number, batch: number): void {
    const { seed, train, temperature } = this.#parts;
    const step = this.#course.step(epoch, batch);
    const chunks = selectChunks(train, batch);
    const fromHook = this.hook?.select(step, batch);
    const rates = stepRates(this.#optimizer, step + 1, this.#course.schedule.at(step));
    const ofAlphas = this.#alphas && alphaRates(this.#alphas.rates(step));
    const dropPath = this.#course.dropPath(epoch);
    this.step.write(
      chunks.map(({ start, valid, sampleStart }, chunk) => ({
        seed,
        step,
        dropPath,
        temperature: temperature?.(epoch),
        ...rates,
        ...ofAlphas,
        batchStart: start,
        valid,
        sampleStart,
        ...fromHook?.[chunk],
      })),
    );
    this.hook?.encode(encoder);
    this.update.begin(encoder);
    for (let chunk = 0; chunk < train.chunks; chunk++) {
      this.step.use(encoder, chunk);
      train.encode(encoder, chunk);
      this.#bound!.encode(encoder);
      encodePass(encoder, this.#accumulateMetrics);
      this.update.accumulate(encoder);
    }
    this.update.apply(encoder);
  }

  #report(phase: Progress["phase"], epoch: number) {
    const { onProgress } = this.#parts;
    return (averages: Averages, batch: number, batches: number) =>
      onProgress?.(this.#course.progress({ phase, epoch, batch, batches, averages }));
  }

  /**
   * How the validation feed's images are classified now, `[label][prediction]`; undefined where nothing is validated on.
   * @throws as `fit`
   */
  async confusion(): Promise<number[][] | undefined> {
    return this.#evaluation?.confusion();
  }

  /** Frees everything but the network. */
  dispose(): void {
    for (const dispose of this.#disposers) dispose();
    this.hook?.dispose();
    this.#evaluation?.dispose();
    this.#guard?.dispose();
    this.update.dispose();
    this.metrics.dispose();
    this.step.dispose();
  }
}
