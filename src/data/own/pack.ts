import { z } from "zod";
import { SupernetError } from "../../errors.ts";
import { crc32 } from "../crc32.ts";
import type { Split } from "../dataset.ts";
import type { OwnDataset } from "./own-dataset.ts";

// magic | version | bytes of the header | CRC-32 of all that follows | header (JSON, filled up to whole words with spaces) |
// training labels | test labels | training images | test images. Numbers are u32, little-endian; images u8 [count, size,
// size, channels].
const MAGIC = "SUPERNET";
const VERSION = 1;
const PREAMBLE = MAGIC.length + 12;

const whole = z.int().min(0);
const perChannel = z.array(z.number()).min(1).max(4).readonly();
const headerSchema = z.strictObject({
  name: z.string(),
  classes: z.array(z.string()).min(1).readonly(),
  size: whole.min(1),
  channels: whole.min(1).max(4),
  mean: perChannel,
  std: perChannel,
  train: whole,
  test: whole,
  skipped: z.array(z.strictObject({ path: z.string(), reason: z.string() })).readonly(),
});
type Header = z.infer<typeof headerSchema>;

/** A data set as one file, which `unpackDataset` reads. */
export function packDataset(dataset: OwnDataset): Uint8Array<ArrayBuffer> {
  const { train, test, ...rest } = dataset;
  const header = encodeHeader({ ...rest, train: train.count, test: test.count });
  const labelsStart = PREAMBLE + header.length;
  const imagesStart = labelsStart + 4 * (train.count + test.count);
  const file = new Uint8Array(imagesStart + train.images.length + test.images.length);
  const numbers = new DataView(file.buffer);
  file.set(new TextEncoder().encode(MAGIC));
  numbers.setUint32(8, VERSION, true);
  numbers.setUint32(12, header.length, true);
  file.set(header, PREAMBLE);
  for (const [i, label] of [...train.labels, ...test.labels].entries())
    numbers.setUint32(labelsStart + 4 * i, label, true);
  file.set(train.images, imagesStart);
  file.set(test.images, imagesStart + train.images.length);
  numbers.setUint32(16, crc32(file.subarray(PREAMBLE)), true);
  return file;
}

/**
 * Reads what `packDataset` has written. The images stay where they are: they are views of `file`.
 *
 * @param path for messages
 * @throws SupernetError("data") for other files, other versions, and damage of any kind
 */
export function unpackDataset(file: Uint8Array, path: string): OwnDataset {
  const numbers = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (new TextDecoder().decode(file.subarray(0, MAGIC.length)) !== MAGIC) {
    throw unreadable(path, "is no data set that supernet has written");
  }
  if (file.length < PREAMBLE) throw unreadable(path, "is cut off");
  const version = numbers.getUint32(8, true);
  if (version !== VERSION)
    throw unreadable(path, `has format version ${version}; this supernet reads version ${VERSION}`);
  const labelsStart = PREAMBLE + numbers.getUint32(12, true);
  if (labelsStart > file.length) throw unreadable(path, "is cut off");
  const header = decodeHeader(file.subarray(PREAMBLE, labelsStart), path);

  const { size, channels, train, test } = header;
  const imagesStart = labelsStart + 4 * (train + test);
  const imageBytes = size * size * channels;
  const expected = imagesStart + imageBytes * (train + test);
  if (file.length !== expected) throw unreadable(path, `is ${file.length} bytes long instead of ${expected}`);
  if (crc32(file.subarray(PREAMBLE)) !== numbers.getUint32(16, true)) throw unreadable(path, "is damaged");
  const split = (first: number, count: number): Split => ({
    count,
    labels: Uint32Array.from({ length: count }, (_, i) => numbers.getUint32(labelsStart + 4 * (first + i), true)),
    images: file.subarray(imagesStart + imageBytes * first, imagesStart + imageBytes * (first + count)),
  });
  const dataset = { ...header, train: split(0, train), test: split(train, test) };
  checkLabels(dataset, path);
  return dataset;
}

function checkLabels({ train, test, classes }: OwnDataset, path: string): void {
  for (const { labels } of [train, test]) {
    const wrong = labels.find((label) => label >= classes.length);
    if (wrong !== undefined) throw unreadable(path, `has label ${wrong}, but ${classes.length} classes`);
  }
}

function encodeHeader(header: Header): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil((PREAMBLE + bytes.length) / 4) * 4 - PREAMBLE).fill(32);
  padded.set(bytes);
  return padded;
}

function decodeHeader(bytes: Uint8Array, path: string): Header {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw unreadable(path, "has a damaged header", cause);
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw unreadable(path, "has a damaged header", parsed.error);
  const { mean, std, channels } = parsed.data;
  if (mean.length !== channels || std.length !== channels) throw unreadable(path, "has a damaged header");
  return parsed.data;
}

function unreadable(path: string, what: string, cause?: unknown): SupernetError {
  return new SupernetError("data", `${path} ${what}; import the images again`, { cause });
}
