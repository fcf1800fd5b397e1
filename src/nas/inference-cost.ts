import { median } from "../report/statistics.ts";
import { abortable } from "../train/abortable.ts";
import type { ClassifierParts, ImageClassifier } from "./classifier.ts";
import type { TrainingControl } from "./training-control.ts";

/** What a network costs to use. */
export interface InferenceCost {
  /** From the pixels of one image on the host to its probabilities there: the median of repeated measurements. */
  readonly seconds: number;
  /** Bytes on the device while it is ready for images of one; absent where that cannot be known. */
  readonly bytes?: number;
}

/** Runs before measuring, in which kernels are compiled and caches fill. */
const WARM_UP = 3;
/** An odd number, so that the median is a measurement. */
const REPEATS = 21;

export interface InferenceRun {
  /** Holds and ends the measurements between two images. */
  readonly control: TrainingControl;
  readonly open: () => Promise<ImageClassifier>;
  /** Bytes that live on the device. */
  readonly bytes?: () => number;
}

/**
 * Measures a network on one grey image after another.
 * @throws SupernetError("device") when it does not fit or the device fails; the signal's reason when aborted
 */
export async function inferenceCost({ image }: ClassifierParts, run: InferenceRun): Promise<InferenceCost> {
  const { control, open, bytes } = run;
  const before = bytes?.();
  const classifier = await open();
  try {
    const used = bytes && before !== undefined ? { bytes: bytes() - before } : {};
    const planes = new Float32Array(image.channels * image.height * image.width).fill(0.5);
    const seconds: number[] = [];
    for (let i = 0; i < WARM_UP + REPEATS; i++) {
      await abortable(control.gate?.passed() ?? Promise.resolve(), control.signal);
      const start = performance.now();
      await classifier.classify(planes);
      if (i >= WARM_UP) seconds.push((performance.now() - start) / 1000);
    }
    return { seconds: median(seconds), ...used };
  } finally {
    classifier.dispose();
  }
}
