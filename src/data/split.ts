import { SupernetError } from "../errors.ts";
import { Rng } from "../random/rng.ts";
import { STREAMS } from "../random/streams.ts";

/** Steps of the split stream, so that limiting a set and splitting it draw different numbers. */
const LIMIT_STEP = 0;
const VALIDATION_STEP = 1;

/** Which images train and which validate: image numbers, ascending. `val` is empty when nothing validates. */
export interface TrainVal {
  train: Uint32Array;
  val: Uint32Array;
}

/**
 * How many images a conf's `max_batches` leaves: max_batches * batch, or undefined where it sets no limit (null, zero
 * or negative, as in Archai).
 */
export function maxSamples(maxBatches: number | null | undefined, batch: number): number | undefined {
  return maxBatches && maxBatches > 0 ? maxBatches * batch : undefined;
}

/**
 * A class-balanced part of a set: at most `max` image numbers, ascending, each class in proportion to its share.
 *
 * @param labels class of every image of the set
 * @param max see `maxSamples`; undefined keeps all
 */
export function limitImages(labels: Uint32Array, max: number | undefined, seed: number): Uint32Array {
  const all = Uint32Array.from(labels.keys());
  if (max === undefined || max >= all.length) return all;
  return stratify(all, labels, max, new Rng(seed, STREAMS.split, LIMIT_STEP))[0];
}

/**
 * Splits a training set into training and validation images, each class in proportion to its share, seeded.
 *
 * As in Archai the set is limited first and split afterwards, so `max_batches` counts the batches of both parts
 * together; and the training part has floor(n (1 - valRatio)) images.
 *
 * @param labels class of every image of the set
 * @param options.max see `maxSamples`
 * @throws SupernetError("data") when a part that was asked for would be empty
 */
export function splitTrainVal(
  labels: Uint32Array,
  options: { valRatio: number; max?: number | undefined; seed: number },
): TrainVal {
  const { valRatio, max, seed } = options;
  if (!(valRatio >= 0 && valRatio < 1)) {
    throw new SupernetError("data", `loader.val_ratio is ${valRatio}; it must be at least 0 and less than 1`);
  }
  const kept = limitImages(labels, max, seed);
  const trainSize = Math.floor(kept.length * (1 - valRatio));
  if (trainSize === 0 || (valRatio > 0 && trainSize === kept.length)) {
    throw new SupernetError(
      "data",
      `loader.val_ratio ${valRatio} of ${kept.length} images leaves none to ${trainSize === 0 ? "train" : "validate"}; ` +
        "raise dataset.max_batches or change loader.val_ratio",
    );
  }
  if (trainSize === kept.length) return { train: kept, val: new Uint32Array() };
  const [train, val] = stratify(kept, labels, trainSize, new Rng(seed, STREAMS.split, VALIDATION_STEP));
  return { train, val };
}

/** Draws `size` of `images` with class shares kept, and returns the drawn and the others, both ascending. */
function stratify(images: Uint32Array, labels: Uint32Array, size: number, rng: Rng): [Uint32Array, Uint32Array] {
  const byClass: number[][] = [];
  for (const image of images) {
    const label = labels[image]!;
    byClass[label] ??= [];
    byClass[label].push(image);
  }
  const groups = byClass.filter((group) => group !== undefined);
  const quotas = shares(
    groups.map((group) => group.length),
    size,
  );
  const drawn = new Uint32Array(size);
  const others = new Uint32Array(images.length - size);
  let d = 0;
  let o = 0;
  for (const [g, group] of groups.entries()) {
    const order = rng.permutation(group.length);
    for (const [place, member] of order.entries()) {
      if (place < quotas[g]!) drawn[d++] = group[member]!;
      else others[o++] = group[member]!;
    }
  }
  return [drawn.sort(), others.sort()];
}

/** Divides `size` among groups in proportion to their counts: rounded down, the rest to the largest remainders. */
function shares(counts: number[], size: number): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  // Products of integers below 2^53, so remainders compare exactly; ties go to the lower class number.
  const quotas = counts.map((count) => Math.floor((count * size) / total));
  const rest = size - quotas.reduce((sum, quota) => sum + quota, 0);
  const byRemainder = counts
    .map((count, group) => ({ group, remainder: (count * size) % total }))
    .sort((a, b) => b.remainder - a.remainder || a.group - b.group);
  for (const { group } of byRemainder.slice(0, rest)) quotas[group]!++;
  return quotas;
}
