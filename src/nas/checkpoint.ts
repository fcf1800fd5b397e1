import { SupernetError } from "../errors.ts";
import type { Snapshot } from "../train/snapshot.ts";
import { fileExists, type RunFiles } from "./run-files.ts";
import { fileToSnapshot, type Identity, snapshotToFile } from "./snapshot-file.ts";

/** What lies between one checkpoint and the next. */
export interface Cadence {
  /** Epochs; 0 for none by epochs. */
  readonly freq: number;
  readonly minutes: number;
  /** Steps after which training waits for a snapshot; 0 where it waits for none, and takes them beside the steps. */
  readonly steps: number;
}

/** A checkpoint as plain data. */
export interface CheckpointSpec {
  readonly path: string;
  readonly cadence: Cadence;
  /** Of the training; nobody goes on from a checkpoint of another one. */
  readonly identity: Identity;
}

export interface CheckpointParts {
  readonly files: RunFiles;
  /** Told where a checkpoint could not be written. */
  readonly onWarning: (message: string) => void;
}

/**
 * The file in which a training is kept, so that it can go on when it was cut off. Whoever trains offers its snapshots; some of
 * them are written, in the background. A training does not fail because its checkpoint cannot be written.
 */
export class Checkpoint {
  readonly #spec: CheckpointSpec;
  readonly #parts: CheckpointParts;
  #identity: Identity;
  #latest: Snapshot | undefined;
  /** What is in the file. */
  #kept: Snapshot | undefined;
  #keptAt = performance.now();
  #due = false;
  #writing: Promise<void> | undefined;
  #failed = false;

  constructor(spec: CheckpointSpec, parts: CheckpointParts) {
    this.#spec = spec;
    this.#parts = parts;
    this.#identity = spec.identity;
  }

  /** Steps after which a snapshot is wanted; undefined where those that are taken now and then will do. */
  get steps(): number | undefined {
    return this.#spec.cadence.steps || undefined;
  }

  /**
   * Where the training stands; undefined where it is to begin.
   * @param more what decides the training and turned out only when it was about to begin
   * @throws SupernetError("io") for a file that is damaged, of another format, or of another training, naming what is different
   */
  async read(more: Identity = {}): Promise<Snapshot | undefined> {
    const { path } = this.#spec;
    const { files } = this.#parts;
    const identity = { ...this.#spec.identity, ...more };
    this.#identity = identity;
    if (!(await fileExists(files, path))) return undefined;
    const { identity: other, snapshot } = await fileToSnapshot(await files.readBytes(path), path);
    const names = new Set([...Object.keys(identity), ...Object.keys(other)]);
    const changed = [...names].find((name) => identity[name] !== other[name]);
    if (changed !== undefined) {
      const remedy = `go on with the ${changed} as it was, or delete the file: then this training begins anew`;
      throw new SupernetError("io", `${path} is of a training with another ${changed}: ${remedy}`);
    }
    this.#kept = snapshot;
    return snapshot;
  }

  /** Takes a snapshot, and writes it if it is time. */
  offer(snapshot: Snapshot): void {
    this.#latest = snapshot;
    this.#due ||= this.#isDue(snapshot);
    if (this.#due) this.#writing ??= this.#writeDue();
  }

  #isDue({ epoch, batch }: Snapshot): boolean {
    const { freq, minutes, steps } = this.#spec.cadence;
    const byEpochs = freq > 0 && batch === 0 && epoch % freq === 0;
    return byEpochs || steps > 0 || performance.now() - this.#keptAt >= minutes * 60_000;
  }

  async #writeDue(): Promise<void> {
    // What becomes due while one is written is written next.
    while (this.#due) {
      this.#due = false;
      await this.#write(this.#latest!);
    }
    this.#writing = undefined;
  }

  async #write(snapshot: Snapshot): Promise<void> {
    const { path } = this.#spec;
    const { files, onWarning } = this.#parts;
    this.#keptAt = performance.now();
    try {
      await files.writeFile(path, await snapshotToFile(snapshot, this.#identity), { verify: true });
      this.#kept = snapshot;
      this.#failed = false;
    } catch (error) {
      // A full disk need not be told of with every checkpoint.
      if (this.#failed) return;
      this.#failed = true;
      const why = error instanceof Error ? error.message : String(error);
      onWarning(`${why}; the checkpoint before stays, and training goes on`);
    }
  }

  /** Writes the last snapshot, if it is not the one that is kept. */
  async keep(): Promise<void> {
    await this.#writing;
    if (!this.#latest || this.#latest === this.#kept) return;
    this.#due = true;
    this.#writing ??= this.#writeDue();
    await this.#writing;
  }
}
