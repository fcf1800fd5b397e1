import { SupernetError } from "../errors.ts";
import type { Split } from "./dataset.ts";

// The binary version of CIFAR-10 (https://www.cs.toronto.edu/~kriz/cifar.html): records of a label byte and three
// 32x32 planes, red, green, blue. The official files hold 10,000 records each; any number is accepted here.
export const CIFAR10_FILES = {
  train: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
  test: "test_batch.bin",
  meta: "batches.meta.txt",
} as const;

export const CIFAR10_SIZE = 32;
const PLANE = CIFAR10_SIZE * CIFAR10_SIZE;
const CHANNELS = 3;
const RECORD = 1 + CHANNELS * PLANE;
const CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/** One file, wherever it came from; `path` is for messages. */
export interface NamedBytes {
  path: string;
  bytes: Uint8Array;
}

/**
 * The names of the classes: a line each in the file, or the known ones where there is no file.
 * @throws SupernetError("data") when there are not ten
 */
export function readCifar10Classes(meta: NamedBytes | undefined): string[] {
  if (!meta) return [...CLASSES];
  const lines = new TextDecoder().decode(meta.bytes).split(/\r?\n/);
  const names = lines.map((line) => line.trim()).filter((line) => line !== "");
  if (names.length !== CLASSES.length) {
    throw damaged(meta.path, `has ${names.length} class names instead of ${CLASSES.length}`);
  }
  return names;
}

/**
 * Joins the records of several files and turns their colour planes into interleaved pixels.
 * @throws SupernetError("data") naming the file that is cut off or has a label beyond the classes
 */
export function readCifar10Records(files: readonly NamedBytes[]): Split {
  for (const { path, bytes } of files) {
    if (bytes.length === 0 || bytes.length % RECORD !== 0) {
      throw damaged(path, `is ${bytes.length} bytes long, which is not a whole number of ${RECORD}-byte records`);
    }
  }
  const count = files.reduce((sum, file) => sum + file.bytes.length / RECORD, 0);
  const images = new Uint8Array(count * CHANNELS * PLANE);
  const labels = new Uint32Array(count);
  let image = 0;
  for (const { path, bytes } of files) {
    for (let start = 0; start < bytes.length; start += RECORD) {
      const label = bytes[start]!;
      if (label >= CLASSES.length)
        throw damaged(path, `has label ${label} in record ${start / RECORD}; they are 0 to 9`);
      labels[image] = label;
      let to = image * CHANNELS * PLANE;
      for (let red = start + 1; red <= start + PLANE; red++) {
        images[to++] = bytes[red]!;
        images[to++] = bytes[red + PLANE]!;
        images[to++] = bytes[red + 2 * PLANE]!;
      }
      image++;
    }
  }
  return { images, labels, count };
}

function damaged(path: string, what: string): SupernetError {
  return new SupernetError("data", `${path} ${what}; copy or download it again`);
}
