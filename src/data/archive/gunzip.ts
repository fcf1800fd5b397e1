import { ARCHIVE_LIMITS, checkTotals, damaged } from "./entry.ts";

/** Bytes that are collected in memory before they are handed to the blob store. */
const PIECE = 2 ** 24;

/**
 * Decompresses a gzip file into a blob, which a browser keeps outside of the memory of the page, on disk where it is large.
 *
 * @param archive name for messages
 * @throws SupernetError("data") for a file that is no gzip, damaged, or beyond the limits
 */
export async function gunzip(blob: Blob, archive: string, limits = ARCHIVE_LIMITS): Promise<Blob> {
  const pieces: Blob[] = [];
  let chunks: Uint8Array<ArrayBuffer>[] = [];
  let pending = 0;
  let total = 0;
  const reader = blob.stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  for (;;) {
    const { done, value } = await reader.read().catch((cause: unknown) => {
      throw damaged(archive, "it is not a complete gzip file", cause);
    });
    if (done) break;
    total += value.length;
    try {
      checkTotals(archive, total, blob.size, limits);
    } catch (error) {
      await reader.cancel();
      throw error;
    }
    chunks.push(value);
    pending += value.length;
    if (pending >= PIECE) {
      pieces.push(new Blob(chunks));
      chunks = [];
      pending = 0;
    }
  }
  return new Blob([...pieces, ...chunks]);
}
