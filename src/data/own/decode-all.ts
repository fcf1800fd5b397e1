import { SupernetError } from "../../errors.ts";
import { refusal, SNIFF_BYTES } from "./sniff.ts";
import type { SourceFile } from "./sources.ts";

/**
 * Decodes an image: turned as its EXIF orientation says, cropped to the square in its middle, resized, over white.
 * @returns RGBA, u8 [size, size, 4]
 * @throws Error with the reason, said of the file ("cannot be decoded: …"), when it cannot be; SupernetError where nothing can
 *   be decoded, which ends the import
 */
export type DecodeImage = (image: Blob, size: number) => Promise<Uint8ClampedArray>;

/** Decodes images for an import, until it is disposed. */
export interface Decoder {
  /** @throws see `DecodeImage` */
  readonly decode: DecodeImage;
  /** Images that are worth decoding at a time. */
  readonly concurrency: number;
  dispose(): void;
}

/** What the host gives to an import. */
export interface ImportHost {
  readonly decode: DecodeImage;
  /** Images that are decoded at a time; default 4. */
  readonly concurrency?: number;
  /** Images that are done, of how many; told some hundred times at most. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

const DEFAULT_CONCURRENCY = 4;
const LARGEST_FILE = 2 ** 26;
const MOST_REPORTS = 200;

/** RGB, u8 [size, size, 3], or why there is none. */
export type Decoded = { readonly pixels: Uint8Array } | { readonly reason: string };

/**
 * Decodes files, a few at a time, so that memory holds a few of them and the small images they become.
 *
 * @returns one result for each file, in their order
 * @throws the signal's reason when it is aborted; SupernetError("data") when the files lie in an archive that is damaged, and
 *   where the host has no decoder
 */
export async function decodeAll(files: readonly SourceFile[], size: number, host: ImportHost): Promise<Decoded[]> {
  const { concurrency = DEFAULT_CONCURRENCY, onProgress, signal } = host;
  const results: Decoded[] = new Array(files.length);
  const every = Math.max(1, Math.ceil(files.length / MOST_REPORTS));
  let next = 0;
  let done = 0;
  let failed = false;
  onProgress?.(0, files.length);
  const lane = async () => {
    while (next < files.length && !failed) {
      signal?.throwIfAborted();
      const file = next++;
      results[file] = await decodeOne(files[file]!, size, host.decode);
      done++;
      if (done % every === 0 || done === files.length) onProgress?.(done, files.length);
    }
  };
  const lanes = Array.from({ length: Math.max(1, concurrency) }, () =>
    lane().catch((error: unknown) => {
      failed = true;
      throw error;
    }),
  );
  // All lanes have ended before this does: nothing is read or decoded any more once an import has failed.
  const ends = await Promise.allSettled(lanes);
  signal?.throwIfAborted();
  const failure = ends.find((end) => end.status === "rejected");
  if (failure) throw failure.reason;
  return results;
}

async function decodeOne(file: SourceFile, size: number, decode: DecodeImage): Promise<Decoded> {
  if (file.size > LARGEST_FILE) return { reason: `is larger than ${LARGEST_FILE / 2 ** 20} MiB` };
  let blob: Blob;
  let head: Uint8Array;
  try {
    blob = await file.blob();
    head = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  } catch (error) {
    if (error instanceof SupernetError) throw error;
    return { reason: `cannot be read: ${messageOf(error)}` };
  }
  const reason = refusal(head);
  if (reason !== undefined) return { reason };
  try {
    return { pixels: withoutAlpha(await decode(blob, size), size) };
  } catch (error) {
    if (error instanceof SupernetError) throw error;
    return { reason: messageOf(error) };
  }
}

function withoutAlpha(rgba: Uint8ClampedArray, size: number): Uint8Array {
  if (rgba.length !== size * size * 4) throw new RangeError(`${rgba.length} bytes are no ${size}x${size} RGBA pixels`);
  const pixels = new Uint8Array(size * size * 3);
  for (let from = 0, to = 0; to < pixels.length; from += 4, to += 3) {
    pixels[to] = rgba[from]!;
    pixels[to + 1] = rgba[from + 1]!;
    pixels[to + 2] = rgba[from + 2]!;
  }
  return pixels;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
