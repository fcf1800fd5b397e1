import { SupernetError } from "../errors.ts";
import type { Snapshot } from "../train/snapshot.ts";
import { fileExists, type RunFiles } from "./run-files.ts";
import { fileToSnapshot, type Identity, snapshotToFile } from "./snapshot-file.ts";

export interface CheckpointOptions {
  readonly files: RunFiles;
  readonly path: string;
  /** Epochs, and minutes, from one checkpoint to the next. */
  readonly freq: number;
  readonly minutes: number;
  /** Of the training; only a checkpoint of the same is gone on from. */
  readonly identity: Identity;
  /** What to do with a checkpoint that is there: nothing, or go on from it. One of another training is refused, or ignored. */
  readonly resume: "no" | "same" | "same or refuse";
  /** Told where a checkpoint could not be written. */
  readonly onWarning: (message: string) => void;
}

/**
 * The file in which a training is kept, so that it can go on when it was cut off. Whoever trains offers his snapshots; some of
 * them are written, in the background. A training that goes on does not fail because its checkpoint cannot be written.
 */
export class Checkpoint {
  readonly #options: CheckpointOptions;
  #identity: Identity;
  #latest: Snapshot | undefined;
  #kept: Snapshot | undefined;
  #keptAt = performance.now();
  #writing: Promise<void> | undefined;

  constructor(options: CheckpointOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  /**
   * Where the training stands; undefined where it is to begin.
   * @param more what decides the training and turned out only when it was about to begin
   * @throws SupernetError("io") for a file that is damaged or of another format; for one of another training where that is
   *   refused, naming what is different
   */
  async read(more: Identity = {}): Promise<Snapshot | undefined> {
    const { files, path, resume } = this.#options;
    const identity = { ...this.#options.identity, ...more };
    this.#identity = identity;
    if (resume === "no") {
      // Whoever is cut off before he has written his own shall not go on from it.
      await files.remove(path);
      return undefined;
    }
    if (!(await fileExists(files, path))) return undefined;
    const { identity: other, snapshot } = await fileToSnapshot(await files.readBytes(path), path);
    const changed = [...new Set([...Object.keys(identity), ...Object.keys(other)])].find(
      (name) => identity[name] !== other[name],
    );
    if (changed === undefined) {
      this.#kept = snapshot;
      return snapshot;
    }
    if (resume === "same") return undefined;
    const remedy = `go on with the ${changed} as it was, choose another --exp-prefix, or begin anew with --resume fresh`;
    throw new SupernetError("io", `${path} is of a training with another ${changed}: ${remedy}`);
  }

  /** Takes a snapshot, and writes it if it is time. */
  offer(snapshot: Snapshot): void {
    const { freq, minutes } = this.#options;
    this.#latest = snapshot;
    const { epoch, batch } = snapshot;
    const byEpochs = freq > 0 && batch === 0 && epoch % freq === 0;
    const late = performance.now() - this.#keptAt >= minutes * 60_000;
    // What is offered while one is written is written next, or in the end.
    if (byEpochs || late) this.#writing ??= this.#write(snapshot);
  }

  async #write(snapshot: Snapshot): Promise<void> {
    const { files, path, onWarning } = this.#options;
    this.#keptAt = performance.now();
    try {
      await files.writeFile(path, await snapshotToFile(snapshot, this.#identity), { verify: true });
      this.#kept = snapshot;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      onWarning(`${why}: the checkpoint before stays, and training goes on`);
    } finally {
      this.#writing = undefined;
    }
  }

  /** Writes the last snapshot, if it is not the one that is kept. */
  async keep(): Promise<void> {
    await this.#writing;
    if (!this.#latest || this.#latest === this.#kept) return;
    this.#writing ??= this.#write(this.#latest);
    await this.#writing;
  }
}
