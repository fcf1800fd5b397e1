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
 * reads `residentImages` in two parts, labels (u32 each) and the order of the pass (u32 each, `Pass.order`);
 * writes the batch as planes f32 [batch, channels, height, width] and its labels as flat u32 [batch];
 * and the step uniform, whose `batchStart` (`valBatchStart` for validation) is the batch's first place in the order.
 *
 * @param firstPart images in the first of the two parts
 */
export function augmentDispatch(
  augmentation: Augmentation,
  batch: number,
  firstPart: number,
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
      first_part: firstPart,
      pad,
      flip: flip ? 1 : 0,
      validation: purpose === "validation" ? 1 : 0,
      cutout,
      stream: augmentStream(purpose),
    },
  };
}

/**
 * The images of a split as they are uploaded: their bytes in two parts of which each fits a binding, filled up to whole
 * 32-bit words. The second is empty where all fit the first.
 *
 * @param limit bytes a binding may have
 * @throws SupernetError("device") when two bindings are not enough
 */
export function residentImages(
  { images, count }: Split,
  limit: number,
): { readonly firstPart: number; readonly parts: readonly [Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] } {
  const imageBytes = images.length / count;
  // Multiples of four images start at whole words.
  const most = Math.floor(limit / imageBytes / 4) * 4;
  if (count > 2 * most) {
    throw new SupernetError(
      "device",
      `${count} images of ${imageBytes} bytes do not fit this device, which holds ${2 * most}; use a smaller data set`,
    );
  }
  const firstPart = Math.min(count, most);
  const cut = firstPart * imageBytes;
  return { firstPart, parts: [wholeWords(images.subarray(0, cut)), wholeWords(images.subarray(cut))] };
}

function wholeWords(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  if (bytes.length % 4 === 0 && bytes.buffer instanceof ArrayBuffer) return bytes as Uint8Array<ArrayBuffer>;
  const padded = new Uint8Array(Math.ceil(bytes.length / 4) * 4);
  padded.set(bytes);
  return padded;
}
