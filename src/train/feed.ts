import type { Augmentation } from "../data/augment.ts";
import type { Pass } from "../data/sampler.ts";

/** How a feed draws its batches from a split. */
export interface Drawing {
  readonly augmentation: Augmentation;
  /** Images a batch, and the pieces it is cut into; the batch divides by the pieces. */
  readonly batch: number;
  readonly chunks: number;
  /** The order of an epoch; its length must not exceed that of epoch 0. */
  readonly passOf: (epoch: number) => Pass;
}

/** A batch of a pass: its first place in the order, and how many of its samples are real. */
export interface Selection {
  readonly start: number;
  readonly valid: number;
}

export function selectBatch({ batch: size, batches, lastValid }: Pass, batch: number): Selection {
  return { start: batch * size, valid: batch === batches - 1 ? lastValid : size };
}

/** A chunk of a batch: its first place in the order, its real samples, and the position of its first sample in the batch. */
export interface Chunk extends Selection {
  readonly sampleStart: number;
}

/** Chooses a batch of the pass and cuts it into chunks; only the last ones may have fewer real samples. */
export function selectChunks(feed: Pick<Feed, "samples" | "chunks" | "select">, batch: number): Chunk[] {
  const { start, valid } = feed.select(batch);
  return Array.from({ length: feed.chunks }, (_, chunk) => {
    const sampleStart = chunk * feed.samples;
    const real = Math.min(feed.samples, Math.max(0, valid - sampleStart));
    return { start: start + sampleStart, valid: real, sampleStart };
  });
}

/** Label of the buffer that a feed puts its images into: how errors call them. */
export const IMAGES = "batch images";

/**
 * Where batches come from: two input buffers that a program is bound to, and commands that fill them.
 *
 * A batch is run in `chunks` pieces of `samples` images each (`batch_chunks`), because a whole one may not fit the device.
 */
export interface Feed {
  /** Images a chunk, and chunks a batch. */
  readonly samples: number;
  readonly chunks: number;
  /** Images, planes of channel quads [samples, C, H, W]; labels u32 [samples]. Filled by `encode`. */
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  /** Further inputs the program has, by name. */
  readonly inputs?: Readonly<Record<string, GPUBuffer>>;
  /** Makes what `encode` needs. @param step the step uniform of whoever runs the feed */
  prepare(step: GPUBuffer): Promise<void>;
  /** Starts a pass over the data (an epoch); the order depends on the epoch alone. @returns the number of batches. */
  startPass(epoch: number): number;
  /** Chooses a batch of the pass: what the step uniform must say, `start` in the order and the count of real samples. */
  select(batch: number): Selection;
  /** Commands that fill x and y with a chunk of the batch the step uniform names. */
  encode(encoder: GPUCommandEncoder, chunk: number): void;
  dispose(): void;
}
