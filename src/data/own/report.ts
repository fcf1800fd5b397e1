import type { Split } from "../dataset.ts";
import type { OwnDataset } from "./own-dataset.ts";
import { countLabels } from "./split.ts";
import type { DatasetFacts, DatasetReport } from "./types.ts";

/** Samples of a class, and of all classes together. */
const SAMPLES_OF_A_CLASS = 12;
const MOST_SAMPLES = 1200;

/** Counts of an imported data set, and what was left out. */
export function datasetFacts({ name, classes, size, channels, skipped, train, test }: OwnDataset): DatasetFacts {
  const countsOf = ({ labels }: Split) => countLabels(classes.length, labels);
  return { name, classes, size, channels, train: countsOf(train), test: countsOf(test), skipped };
}

/** The same with the first training images of each class. */
export function datasetReport(dataset: OwnDataset): DatasetReport {
  return { ...datasetFacts(dataset), samples: samplesOf(dataset) };
}

function samplesOf({ classes, train, size, channels }: OwnDataset): DatasetReport["samples"] {
  const wanted = Math.max(1, Math.min(SAMPLES_OF_A_CLASS, Math.floor(MOST_SAMPLES / classes.length)));
  const found = classes.map((): number[] => []);
  for (const [image, label] of train.labels.entries()) if (found[label]!.length < wanted) found[label]!.push(image);
  const imageBytes = size * size * channels;
  return found.flatMap((images, label) =>
    images.map((image) => ({
      label,
      pixels: toRgba(train.images.subarray(image * imageBytes, (image + 1) * imageBytes), channels),
    })),
  );
}

/** Opaque pixels, [size, size, 4]; one channel becomes grey. */
function toRgba(image: Uint8Array, channels: number): Uint8ClampedArray {
  const pixels = new Uint8ClampedArray((image.length / channels) * 4).fill(255);
  for (let from = 0, to = 0; from < image.length; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) pixels[to + c] = image[from + (channels >= 3 ? c : 0)]!;
  }
  return pixels;
}
