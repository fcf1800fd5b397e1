import type * as tf from "@tensorflow/tfjs-core";
import { augmentReference } from "../../data/augment-reference.ts";
import type { Split } from "../../data/dataset.ts";
import type { Pass } from "../../data/sampler.ts";
import { flat, planes } from "../../graph/types.ts";
import { toTensor } from "../../runtime/tfjs/index.ts";
import { type Drawing, type Selection, selectBatch, selectChunks } from "../feed.ts";

/** A chunk of a batch: images [N, H, W, C] and labels [N]; the first `valid` samples count. */
export interface HostBatch {
  readonly x: tf.Tensor4D;
  readonly y: tf.Tensor1D;
  readonly valid: number;
  /** Position of the first sample in the batch. */
  readonly sampleStart: number;
}

export interface HostFeedOptions extends Drawing {
  readonly split: Split;
}

/** Batches gathered and augmented on the host, the same images as the engine's. */
export class HostFeed {
  /** Images a chunk, and chunks a batch. */
  readonly samples: number;
  readonly chunks: number;
  readonly #options: HostFeedOptions;
  #pass: Pass;

  constructor(options: HostFeedOptions) {
    this.chunks = options.chunks;
    this.samples = options.batch / options.chunks;
    this.#options = options;
    this.#pass = options.passOf(0);
  }

  /** Starts a pass over the data; the order depends on the epoch alone. @returns the number of batches */
  startPass(epoch: number): number {
    this.#pass = this.#options.passOf(epoch);
    return this.#pass.batches;
  }

  /** A batch of the pass. */
  select(batch: number): Selection {
    return selectBatch(this.#pass, batch);
  }

  /** The chunks of a batch of the pass. The caller disposes their tensors. */
  load(batch: number, at: { readonly seed: number; readonly step: number }): HostBatch[] {
    const { split, augmentation } = this.#options;
    const { channels, height, width } = augmentation;
    const { order } = this.#pass;
    const { samples } = this;
    return selectChunks(this, batch).map(({ start: batchStart, valid, sampleStart }) => {
      const { images, labels } = augmentReference(split, order, samples, augmentation, { ...at, batchStart });
      const x = toTensor(images, planes([samples, channels, height, width])) as tf.Tensor4D;
      const y = toTensor(labels, flat([samples], "u32")) as tf.Tensor1D;
      return { x, y, valid, sampleStart };
    });
  }
}
