import { SupernetError } from "../errors.ts";
import { STREAMS } from "../random/streams.ts";
import { type DispatchSpec, f32, type Tuning, type UniformField } from "../runtime/webgpu/kernel.ts";
import { rowSegments } from "../runtime/webgpu/kernels/launch.ts";
import type { Dataset, Split } from "./dataset.ts";

/** What happens to an image between the data set and the network. */
export interface Augmentation {
  height: number;
  width: number;
  /** 1 to 4 */
  channels: number;
  /** per channel, of pixels in [0, 1] */
  mean: readonly number[];
  /** per channel, of pixels in [0, 1] */
  std: readonly number[];
  /** black pixels around the image before an image-sized part is cropped at random; 0 crops nothing */
  pad: number;
  /** mirror every other image */
  flip: boolean;
  /** side of the square that is set to 0 after normalisation, rounded down to even; 0 cuts nothing */
  cutout: number;
  /** whose numbers are drawn, and which batch of the step is meant */
  purpose: "train" | "validation";
}

/** The transform of training images: what the data set says, and the conf's cutout. */
export function trainAugmentation(dataset: Dataset, cutout: number, purpose: Augmentation["purpose"]): Augmentation {
  if (!Number.isInteger(cutout) || cutout < 0) {
    throw new SupernetError("data", `loader.cutout is ${cutout}; it must be 0 (off) or the side of a square in pixels`);
  }
  return { ...evalAugmentation(dataset), ...dataset.trainTransform, cutout, purpose };
}

/** The transform of test images: normalisation alone. */
export function evalAugmentation(dataset: Dataset): Augmentation {
  const { height, width, channels, mean, std } = dataset;
  return { height, width, channels, mean, std, pad: 0, flip: false, cutout: 0, purpose: "train" };
}

/** The random stream that a purpose draws from. */
export function augmentStream(purpose: Augmentation["purpose"]): number {
  return purpose === "train" ? STREAMS.augment : STREAMS.augmentVal;
}

/**
 * The dispatch of shaders/augment.wesl that makes a batch. The caller adds the buffers:
 * reads `residentImages`, labels (u32 each) and the order of the pass (u32 each, `Pass.order`);
 * writes the batch as planes f32 [batch, channels, height, width] and its labels as flat u32 [batch];
 * and the step uniform, whose `batchStart` (`valBatchStart` for validation) is the batch's first place in the order.
 */
export function augmentDispatch(
  augmentation: Augmentation,
  batch: number,
  tuning: Tuning,
): Pick<DispatchSpec, "shader" | "constants" | "uniforms" | "workgroups"> {
  const { height, width, channels, mean, std, pad, flip, cutout, purpose } = augmentation;
  if (channels > 4) throw new SupernetError("data", `images have ${channels} channels; 1 to 4 are supported`);
  const { uniforms, constants, workgroups } = rowSegments(batch * height, width, tuning);
  const perLane = (name: string, value: (channel: number) => number): Record<string, UniformField> =>
    Object.fromEntries([0, 1, 2, 3].map((lane) => [`${name}${lane}`, f32(lane < channels ? value(lane) : 0)]));
  return {
    shader: "augment",
    constants,
    workgroups,
    uniforms: {
      ...perLane("scale", (c) => 1 / (255 * std[c]!)),
      ...perLane("bias", (c) => -mean[c]! / std[c]!),
      ...uniforms,
      height,
      channels,
      image_bytes: height * width * channels,
      pad,
      flip: flip ? 1 : 0,
      validation: purpose === "validation" ? 1 : 0,
      cutout,
      stream: augmentStream(purpose),
    },
  };
}

/** The images of a split as they are uploaded: the bytes, filled up to a whole number of 32-bit words. */
export function residentImages(split: Split): Uint8Array<ArrayBuffer> {
  const { images } = split;
  if (images.length % 4 === 0 && images.buffer instanceof ArrayBuffer) return images as Uint8Array<ArrayBuffer>;
  const padded = new Uint8Array(Math.ceil(images.length / 4) * 4);
  padded.set(images);
  return padded;
}
