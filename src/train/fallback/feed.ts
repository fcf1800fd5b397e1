import * as tf from "@tensorflow/tfjs-core";
import { augmentReference } from "../../data/augment-reference.ts";
import type { Split } from "../../data/dataset.ts";
import type { Pass } from "../../data/sampler.ts";
import type { Drawing } from "../feed.ts";

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

  /** The chunks of a batch of the pass. The caller disposes their tensors. */
  load(batch: number, at: { readonly seed: number; readonly step: number }): HostBatch[] {
    const { batch: size, split, augmentation } = this.#options;
    const { order, batches, lastValid } = this.#pass;
    const valid = batch === batches - 1 ? lastValid : size;
    const { channels, height, width } = augmentation;
    return Array.from({ length: this.chunks }, (_, chunk) => {
      const sampleStart = chunk * this.samples;
      const batchStart = batch * size + sampleStart;
      const { images, labels } = augmentReference(split, order, this.samples, augmentation, { ...at, batchStart });
      const shape: [number, number, number, number] = [this.samples, channels, height, width];
      return {
        x: tf.tidy(() => tf.transpose(tf.tensor4d(Float32Array.from(images), shape), [0, 2, 3, 1])),
        y: tf.tensor1d(Int32Array.from(labels), "int32"),
        valid: Math.min(this.samples, Math.max(0, valid - sampleStart)),
        sampleStart,
      };
    });
  }
}
