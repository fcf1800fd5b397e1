import { philox4x32 } from "../random/philox.ts";
import { randint, seedKey } from "../random/rng.ts";
import { type Augmentation, augmentStream } from "./augment.ts";
import type { Split } from "./dataset.ts";

/** A batch in double precision. */
export interface ReferenceBatch {
  /** row-major [batch, channels, height, width] */
  images: Float64Array;
  labels: Uint32Array;
}

/**
 * What shaders/augment.wesl computes, step by step on padded images as torchvision and the cutout paper describe it, with
 * the same random numbers.
 *
 * @param order image numbers of a pass
 * @param at seed and number of the step, and the batch's first place in the order
 */
export function augmentReference(
  split: Split,
  order: Uint32Array,
  batch: number,
  augmentation: Augmentation,
  at: { seed: number; step: number; batchStart: number },
): ReferenceBatch {
  const { height, width, channels, mean, std, pad, flip, cutout, purpose } = augmentation;
  const pixels = height * width;
  const images = new Float64Array(batch * channels * pixels);
  const labels = new Uint32Array(batch);
  for (let n = 0; n < batch; n++) {
    const place = at.batchStart + n;
    const image = order[place]!;
    labels[n] = split.labels[image]!;
    const words = philox4x32([place, at.step, augmentStream(purpose), 0], seedKey(at.seed));
    const top = randint(words[0], 2 * pad + 1);
    const left = randint(words[1], 2 * pad + 1);
    const mirrored = flip && words[2] >= 0x8000_0000;
    const cutX = randint((words[2] << 1) >>> 0, width);
    const cutY = randint(words[3], height);
    const half = Math.floor(cutout / 2);
    for (let c = 0; c < channels; c++) {
      const padded = padImage(split.images.subarray(image * pixels * channels), augmentation, c);
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const column = left + (mirrored ? width - 1 - x : x);
          const byte = padded[(top + y) * (width + 2 * pad) + column]!;
          const cut = y >= cutY - half && y < cutY + half && x >= cutX - half && x < cutX + half;
          images[(n * channels + c) * pixels + y * width + x] = cut ? 0 : (byte / 255 - mean[c]!) / std[c]!;
        }
      }
    }
  }
  return { images, labels };
}

/** One channel of an image with `pad` zeros on every side. */
function padImage(image: Uint8Array, { height, width, channels, pad }: Augmentation, channel: number): Uint8Array {
  const stride = width + 2 * pad;
  const padded = new Uint8Array((height + 2 * pad) * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      padded[(y + pad) * stride + x + pad] = image[(y * width + x) * channels + channel]!;
    }
  }
  return padded;
}
