import type { StepValues } from "../runtime/webgpu/step.ts";
import { type Feed, selectChunks } from "../train/feed.ts";

/** Batches that drive the alphas, one a training step; a validation set that is shorter than the training set starts over. */
export class ValidationBatches {
  readonly #feed: Feed;
  #batches = 1;

  constructor(feed: Feed) {
    this.#feed = feed;
  }

  startEpoch(epoch: number): void {
    this.#batches = this.#feed.startPass(epoch);
  }

  /** What the step uniform says of each chunk. @param batch of the training pass */
  select(batch: number): Pick<StepValues, "valBatchStart" | "valValid">[] {
    return selectChunks(this.#feed, batch % this.#batches).map(({ start, valid }) => ({
      valBatchStart: start,
      valValid: valid,
    }));
  }
}
