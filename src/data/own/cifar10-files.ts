import { SupernetError } from "../../errors.ts";
import {
  CIFAR10_FILES,
  CIFAR10_SIZE,
  type NamedBytes,
  readCifar10Classes,
  readCifar10Records,
} from "../cifar10-records.ts";
import type { Split } from "../dataset.ts";
import type { Collected, CollectedImage } from "./collect.ts";
import { isLitter } from "./layout.ts";
import type { ImportSettings } from "./request.ts";
import type { SourceFile, Sources } from "./sources.ts";

/** True where any file is one of CIFAR-10's binary batches, by its name. */
export function isCifar10({ files }: Sources): boolean {
  return files.some(({ path }) => isBatch(path));
}

/**
 * The images of CIFAR-10's binary files, which are as they shall be: any of the five training files, the test file or not.
 * @throws SupernetError("data") for damaged files, and another size than theirs
 */
export async function collectCifar10(
  { files, archive, skipped }: Sources,
  { name, size }: ImportSettings,
): Promise<Collected> {
  const place = archive ?? name;
  if (size !== CIFAR10_SIZE) {
    throw new SupernetError(
      "data",
      `${place} holds binary files of ${CIFAR10_SIZE}x${CIFAR10_SIZE} images, which are not resized; import them with size ${CIFAR10_SIZE}`,
    );
  }
  const named = (wanted: string) => files.filter(({ path }) => baseName(path) === wanted);
  const train = await Promise.all(CIFAR10_FILES.train.flatMap(named).map(read));
  const test = await Promise.all(named(CIFAR10_FILES.test).map(read));
  const [meta] = await Promise.all(named(CIFAR10_FILES.meta).slice(0, 1).map(read));
  const others = files.filter(({ path }) => !isBatch(path) && baseName(path) !== CIFAR10_FILES.meta && !isLitter(path));
  return {
    classes: readCifar10Classes(meta),
    place,
    images: [...imagesOf(readCifar10Records(train), "train"), ...imagesOf(readCifar10Records(test), "test")],
    skipped: [
      ...skipped,
      ...others.map(({ path }) => ({ path, reason: "is beside CIFAR-10 binary files and none of them" })),
    ],
  };
}

function imagesOf({ images, labels, count }: Split, split: "train" | "test"): CollectedImage[] {
  const bytes = images.length / count;
  return [...labels].map((label, i) => ({ label, split, pixels: images.subarray(i * bytes, (i + 1) * bytes) }));
}

async function read({ path, blob }: SourceFile): Promise<NamedBytes> {
  return { path, bytes: new Uint8Array(await (await blob()).arrayBuffer()) };
}

function isBatch(path: string): boolean {
  const name = baseName(path);
  return name === CIFAR10_FILES.test || CIFAR10_FILES.train.includes(name);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
