import type { Engine } from "../runtime/webgpu/engine.ts";
import { type BadElement, FiniteChecks } from "../runtime/webgpu/finite-checks.ts";
import { type BadStep, findBadStep } from "./diagnosis.ts";
import { badBatchOf, type DeviceMetrics } from "./metric-sums.ts";
import { NotFinite } from "./not-finite.ts";
import {
  type NamedBuffers,
  type Place,
  type Snapshot,
  Snapshots,
  type SnapshotTaking,
  type Vectors,
} from "./snapshot.ts";

export interface GuardParts {
  readonly engine: Engine;
  /** All that a step leaves to the next, the metrics' sums among them. */
  readonly vectors: NamedBuffers;
  readonly metrics: DeviceMetrics;
  readonly snapshots: SnapshotTaking;
  /** Tell only where epochs begin: a training that goes back to there must be able to, wherever it goes on from. */
  readonly epochsOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes the snapshots of a training and sees to it that all numbers in them are finite: what is told is good to go on from. Of
 * the last good ones it finds the step and the tensor that went bad, or puts the beginning of the epoch back.
 */
export class Guard {
  readonly #parts: GuardParts;
  readonly #snapshots: Snapshots;
  /** Of all that a step leaves to the next, but for the sums. */
  #checks: FiniteChecks | undefined;
  #looking: Promise<unknown> = Promise.resolve();
  #good: Snapshot | undefined;
  #epochStart: Snapshot | undefined;
  /** At the end of the epoch's training. */
  #trained: Vectors | undefined;
  /** The batch after which a snapshot was found to be bad. */
  #bad: number | undefined;

  constructor(parts: GuardParts) {
    const { engine, vectors, snapshots, epochsOnly } = parts;
    this.#parts = parts;
    const tell = (snapshot: Snapshot) => {
      if (this.#keep(snapshot) && !epochsOnly) snapshots.tell(snapshot);
    };
    this.#snapshots = new Snapshots(engine, vectors, { ...snapshots, tell });
  }

  /** Makes what `isBad` needs. @throws SupernetError("device") where that does not fit the device */
  async prepare(): Promise<void> {
    const { engine, vectors } = this.#parts;
    const state = [...vectors].filter(([name]) => name !== METRICS);
    this.#checks = await FiniteChecks.create(
      engine,
      state.map(([, buffer]) => ({ buffer })),
    );
  }

  /**
   * Whether what a step leaves to the next is NaN or infinite, after everything submitted so far. A loss does not always tell:
   * relu(NaN) may be 0.
   * @throws SupernetError("device") when the device has failed
   */
  async isBad(): Promise<boolean> {
    const looking = this.#checks!.run();
    this.#looking = looking.catch(() => {});
    return (await looking) !== undefined;
  }

  /** @returns whether all is finite */
  #keep(snapshot: Snapshot): boolean {
    if (!allFinite(snapshot.vectors)) {
      this.#bad = Math.max(0, snapshot.batch - 1);
      return false;
    }
    this.#good = snapshot;
    if (snapshot.batch === 0) this.#epochStart = snapshot;
    return true;
  }

  /**
   * Before the first step: puts the snapshot back that the training goes on from, or looks at what it begins with.
   * @returns what is bad already
   * @throws SupernetError("device") when the device has failed
   */
  async begin(from: Snapshot | undefined, beginning: Place): Promise<BadElement | undefined> {
    if (from) this.#snapshots.restore(from);
    const finite = this.#keep(from ?? { ...beginning, vectors: await this.#snapshots.copy() });
    return finite ? undefined : this.#checks!.run();
  }

  /**
   * After each step.
   * @throws NotFinite when a snapshot has shown that the training went bad
   */
  async stepped(place: () => Place): Promise<void> {
    await this.#snapshots.stepped(place);
    if (this.#bad !== undefined) throw new NotFinite(this.#bad);
  }

  /**
   * After an epoch's last step, before its validation.
   * @throws NotFinite when the training went bad; SupernetError("device") when the device has failed
   */
  async trained(batches: number): Promise<void> {
    this.#trained = await this.#snapshots.copy();
    if (!allFinite(this.#trained)) throw new NotFinite(batches - 1);
  }

  /** After an epoch, when nobody has anything to do with it any more. @param place where the next begins */
  ended(place: Place): void {
    const snapshot = { ...place, vectors: this.#trained! };
    this.#keep(snapshot);
    this.#parts.snapshots.tell(snapshot);
  }

  /**
   * Finds the step of the epoch under way in which something went bad first, by running it again.
   * @param until the batch after which something is bad
   * @returns undefined where there is nothing to go back to, or nothing goes bad when it is run again
   */
  async blame(
    epoch: number,
    until: number,
    encode: (encoder: GPUCommandEncoder, batch: number) => void,
  ): Promise<BadStep | undefined> {
    const { engine, metrics, signal } = this.#parts;
    const good = this.#good;
    if (good?.epoch !== epoch) return undefined;
    // There is one staging buffer.
    await this.#looking;
    const restore = () => {
      this.#snapshots.restore(good);
      if (good.batch === 0) metrics.reset();
    };
    const isBad = async () => (await metrics.read()).notFinite !== undefined || (await this.isBad());
    return findBadStep({ engine, from: good.batch, until, restore, encode, isBad, signal });
  }

  /** Puts everything back as it was when the epoch began. */
  async goBack(): Promise<void> {
    // What is being copied is of the steps that are given up.
    await this.#snapshots.settled();
    this.#bad = undefined;
    this.#good = this.#epochStart!;
    this.#snapshots.restore(this.#good);
  }

  dispose(): void {
    this.#snapshots.dispose();
    this.#checks?.dispose();
  }
}

/** Name of the metrics' sums among the vectors: they may overflow, and count what is bad by themselves. */
export const METRICS = "metrics";

function allFinite(vectors: Vectors): boolean {
  const state = [...vectors].filter(([name]) => name !== METRICS);
  return badBatchOf(vectors.get(METRICS)!) === undefined && state.every(([, vector]) => isFinite32(vector));
}

/** A loop, and over bits: vectors have millions of elements, and the page waits. */
function isFinite32({ buffer, byteOffset, length }: Float32Array<ArrayBuffer>): boolean {
  const bits = new Uint32Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) if ((bits[i]! & 0x7f80_0000) === 0x7f80_0000) return false;
  return true;
}
