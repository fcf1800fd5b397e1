import { SupernetError } from "../../errors.ts";
import { decodeAll, type ImportHost } from "./decode-all.ts";
import { layOut } from "./layout.ts";
import type { ImportSettings } from "./request.ts";
import type { Sources } from "./sources.ts";
import { type ClassList, checkCounts, countLabels } from "./split.ts";

export interface CollectedImage {
  /** Index among the classes. */
  readonly label: number;
  /** What the folders say, if they do. */
  readonly split?: "train" | "test";
  /** RGB, u8 [size, size, 3]. */
  readonly pixels: Uint8Array;
}

/** Decoded images, before they are split. */
export interface Collected {
  readonly classes: readonly string[];
  /** The folder or archive that holds the class folders, for messages. */
  readonly place: string;
  readonly images: readonly CollectedImage[];
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
}

/** What a tab can hold twice over; a device with default limits holds half of it. */
const MOST_BYTES = 2 ** 29;

/** What tells whether images make a data set: their classes and number. */
interface Listed extends ClassList {
  readonly images: readonly { readonly label: number }[];
  readonly skipped: Collected["skipped"];
}

/** @throws SupernetError("data") as `checkCounts`, and when there are more images of that size than a data set may have */
export function checkImages({ classes, place, images, skipped }: Listed, size: number): void {
  const labels = images.map(({ label }) => label);
  checkCounts({ classes, place }, countLabels(classes.length, labels), skipped);
  checkBytes(images.length, size, place);
}

function checkBytes(images: number, size: number, place: string): void {
  if (images * size * size * 3 <= MOST_BYTES) return;
  const most = Math.floor(MOST_BYTES / (size * size * 3));
  throw new SupernetError(
    "data",
    `${place} holds ${images} images; at most ${most} of ${size}x${size} pixels are supported: import fewer or smaller ones`,
  );
}

/**
 * Decodes the images of class folders. What the paths alone show to be wrong is told before anything is decoded.
 * @throws as `importImages`
 */
export async function collectImages(
  sources: Sources,
  { name, size }: ImportSettings,
  host: ImportHost,
): Promise<Collected> {
  const { classes, images: placed, skipped: misplaced, folder } = layOut(sources.files.map(({ path }) => path));
  const place = [sources.archive, folder].filter(Boolean).join("/") || name;
  const skipped = [...sources.skipped, ...misplaced];
  checkImages({ classes, place, images: placed, skipped }, size);

  const files = placed.map(({ file }) => sources.files[file]!);
  const decoded = await decodeAll(files, size, host);
  const images: CollectedImage[] = [];
  for (const [i, result] of decoded.entries()) {
    const { label, split } = placed[i]!;
    if ("pixels" in result) images.push({ label, ...(split && { split }), pixels: result.pixels });
    else skipped.push({ path: files[i]!.path, reason: result.reason });
  }
  if (images.length === 0) {
    const first = skipped.at(-decoded.length)!;
    throw new SupernetError(
      "data",
      `${place}: none of ${decoded.length} images can be read; the first, ${first.path}, ${first.reason}`,
    );
  }
  return { classes, place, images, skipped };
}
