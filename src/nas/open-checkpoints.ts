import type { Checkpoint } from "./checkpoint.ts";

/** The checkpoints of the trainings of a run that go on now, for whoever knows that it may soon be cut off. */
export class OpenCheckpoints {
  readonly #open = new Set<Checkpoint>();

  add(checkpoint: Checkpoint): void {
    this.#open.add(checkpoint);
  }

  delete(checkpoint: Checkpoint): void {
    this.#open.delete(checkpoint);
  }

  /** Writes where each of them stood at its last snapshot. */
  async keep(): Promise<void> {
    await Promise.all([...this.#open].map((checkpoint) => checkpoint.keep()));
  }
}
