import { SupernetError } from "../errors.ts";
import { Rng } from "../random/rng.ts";

/** The order in which one pass visits images: batch b is `order[b*batch .. (b+1)*batch)`. */
export interface Pass {
  /** image numbers; a whole number of batches */
  order: Uint32Array;
  batch: number;
  batches: number;
  /** images of the last batch that count; the others repeat earlier ones and must be left out of every sum */
  lastValid: number;
}

/**
 * The batch size to compile for: what the conf asks for, or the size of the set where that is smaller.
 *
 * @param what for the message, such as "training" or "validation"
 * @throws SupernetError("data") when the set is empty or the batch size is not a positive integer
 */
export function batchFor(count: number, batch: number, what: string): number {
  if (!Number.isInteger(batch) || batch < 1) {
    throw new SupernetError("data", `the ${what} batch size is ${batch}; it must be a positive integer`);
  }
  if (count === 0) {
    throw new SupernetError("data", `the ${what} set is empty; raise dataset.max_batches or change loader.val_ratio`);
  }
  return Math.min(count, batch);
}

/**
 * A training pass: a fresh order for every (seed, stream, epoch), in whole batches.
 *
 * Programs have static shapes, so images that fill no batch are left out of this pass; which ones differs from epoch to
 * epoch. (Archai trains a last, shorter batch.)
 *
 * @param images image numbers of the set
 * @param options.stream `STREAMS.shuffle`, or `STREAMS.shuffleVal` for the batches that drive the alphas
 * @throws SupernetError("data") when the set is smaller than a batch; see `batchFor`
 */
export function trainPass(
  images: Uint32Array,
  batch: number,
  options: { seed: number; stream: number; epoch: number },
): Pass {
  const batches = Math.floor(images.length / batch);
  if (batches === 0) {
    throw new SupernetError(
      "data",
      `${images.length} images do not fill a batch of ${batch}; lower loader.train_batch or raise dataset.max_batches`,
    );
  }
  const places = new Rng(options.seed, options.stream, options.epoch).permutation(images.length);
  const order = places.subarray(0, batches * batch).map((place) => images[place]!);
  return { order, batch, batches, lastValid: batch };
}

/** A pass that counts every image exactly once, in the given order; the last batch is filled up with its last image. */
export function evalPass(images: Uint32Array, batch: number): Pass {
  const batches = Math.ceil(images.length / batch);
  const order = new Uint32Array(batches * batch).fill(images.at(-1) ?? 0);
  order.set(images);
  return { order, batch, batches, lastValid: images.length - (batches - 1) * batch };
}
