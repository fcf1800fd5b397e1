import type { Binding, Engine } from "../runtime/webgpu/engine.ts";
import type { EpochRecord } from "./metrics.ts";

/** Where a training stands. */
export interface Place {
  /** The epoch under way, from 0, and its batches that are done: all of them where only its validation is left. */
  readonly epoch: number;
  readonly batch: number;
  /** The epochs before. */
  readonly epochs: readonly EpochRecord[];
  /** What the training pass of the epoch has taken, in seconds. */
  readonly seconds: number;
  /** How often the learning rate was halved, see `Course`. */
  readonly halvings: number;
}

/** Where a training stands, with all that decides how it goes on: what the device holds, in host memory. */
export interface Snapshot extends Place {
  /** Weights, alphas, running statistics, the state of optimizers and of the algorithm, sums of the metrics. */
  readonly vectors: Vectors;
  /** Which variants of kernels ran, see `KernelTuner.record`; undefined where none was chosen by timing. */
  readonly variants?: string | undefined;
}

/** Vectors on the host by name. */
export type Vectors = ReadonlyMap<string, Float32Array<ArrayBuffer>>;

/** Vectors on the device by name. */
export type NamedBuffers = ReadonlyMap<string, GPUBuffer>;

/** Who is given snapshots. */
export interface SnapshotTaking {
  /** Given each snapshot when it is whole. */
  readonly tell: (snapshot: Snapshot) => void;
  /** Steps from one to the next, which wait for it; default now and then, beside the steps, so that they cost little. */
  readonly every?: number | undefined;
}

/** By default a snapshot is taken after this many steps, if the one before has cost little, … */
const STEPS = 50;
/** … which is less than this share of the time since, … */
const SHARE = 0.05;
/** … and after this time in any case, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Copies what a training has on the device to the host now and then, beside the steps: nothing waits for it. A device may be
 * lost, and a process be ended, at any time; a snapshot is what goes on.
 */
export class Snapshots {
  readonly #engine: Engine;
  readonly #vectors: NamedBuffers;
  readonly #taken: SnapshotTaking;
  /** Each vector with its way to the host. */
  readonly #copies: readonly { readonly name: string; readonly source: Binding; readonly staging: GPUBuffer }[];
  #steps = 0;
  #last = performance.now();
  /** How long the last one took, in milliseconds. */
  #cost = 0;
  #taking: Promise<unknown> | undefined;

  /** @param vectors of f32, all that a training changes */
  constructor(engine: Engine, vectors: NamedBuffers, taken: SnapshotTaking) {
    this.#engine = engine;
    this.#vectors = vectors;
    this.#taken = taken;
    this.#copies = [...vectors].map(([name, buffer]) => {
      return { name, source: { buffer }, staging: engine.buffers.staging(`snapshot of ${name}`, buffer.size) };
    });
  }

  /** After each step: takes a snapshot if it is time. What goes wrong is the device's failure, which the next step throws. */
  async stepped(place: () => Place): Promise<void> {
    this.#steps++;
    if (this.#taking || !this.#due()) return;
    const taken = this.take(place()).catch(() => {});
    this.#engine.leave(taken);
    if (this.#taken.every !== undefined) await taken;
  }

  #due(): boolean {
    const { every } = this.#taken;
    if (every !== undefined) return this.#steps >= every;
    const passed = performance.now() - this.#last;
    return passed >= PATIENCE || (this.#steps >= STEPS && this.#cost < SHARE * passed);
  }

  /**
   * Takes a snapshot after everything submitted so far.
   * @throws SupernetError("device") when the device has failed
   */
  async take(place: Place): Promise<void> {
    this.#taken.tell({ ...place, vectors: await this.copy() });
  }

  /**
   * What the device holds after everything submitted so far.
   * @throws SupernetError("device") when the device has failed
   */
  async copy(): Promise<Vectors> {
    await this.settled();
    const copying = this.#copy();
    this.#taking = copying;
    try {
      return await copying;
    } finally {
      this.#taking = undefined;
    }
  }

  /** Resolves when no snapshot is being taken. */
  async settled(): Promise<void> {
    await this.#taking?.catch(() => {});
  }

  async #copy(): Promise<Vectors> {
    const start = performance.now();
    this.#steps = 0;
    this.#last = start;
    const copied = await this.#engine.copyOut(this.#copies);
    const vectors = new Map(this.#copies.map(({ name }, index) => [name, new Float32Array(copied[index]!)]));
    this.#cost = performance.now() - start;
    return vectors;
  }

  /** Puts everything back as it was. @throws Error for a snapshot of another training */
  restore({ vectors }: Snapshot): void {
    const unknown = [...vectors.keys()].find((name) => !this.#vectors.has(name));
    if (unknown !== undefined) throw new Error(`the snapshot has ${unknown}, which the training has not`);
    for (const [name, buffer] of this.#vectors) {
      const vector = vectors.get(name);
      if (vector?.byteLength !== buffer.size) throw new Error(`the snapshot has another size of ${name}`);
      this.#engine.device.queue.writeBuffer(buffer, 0, vector);
    }
  }

  dispose(): void {
    for (const { staging } of this.#copies) this.#engine.buffers.destroy(staging);
  }
}
