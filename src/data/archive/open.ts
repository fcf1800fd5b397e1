import { ARCHIVE_LIMITS, type ArchiveEntry, damaged, refused } from "./entry.ts";
import { gunzip } from "./gunzip.ts";
import { listTar, looksLikeTar } from "./tar.ts";
import { listZip } from "./zip.ts";

const NAMES = /\.(zip|tar|tgz|tar\.gz|gz|7z|rar|xz|txz|bz2|tbz2?|zst)$/i;
const READ = "unpack it and import the folder, or pack it as zip or tar.gz";

/** First bytes of archives that are not read. */
const OTHERS: readonly { readonly name: string; readonly magic: readonly number[] }[] = [
  { name: "7z", magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
  { name: "RAR", magic: [0x52, 0x61, 0x72, 0x21] },
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68] },
  { name: "Zstandard", magic: [0x28, 0xb5, 0x2f, 0xfd] },
];

/** True for names that archives have. */
export function isArchiveName(path: string): boolean {
  return NAMES.test(path);
}

/**
 * The files of a zip, tar or tar.gz archive, told by its bytes; undefined for anything that is no archive.
 *
 * @throws SupernetError("data") for other kinds of archives, for one that is encrypted, damaged or beyond the limits, and
 *   for a file that is none although its name says so
 */
export async function openArchive(
  { path, blob }: { readonly path: string; readonly blob: Blob },
  limits = ARCHIVE_LIMITS,
): Promise<ArchiveEntry[] | undefined> {
  const head = new Uint8Array(await blob.slice(0, 512).arrayBuffer());
  const starts = (...magic: readonly number[]) => magic.every((byte, i) => head[i] === byte);
  if (starts(0x50, 0x4b, 3, 4) || starts(0x50, 0x4b, 5, 6)) return listZip(blob, path, limits);
  if (looksLikeTar(head)) return listTar(blob, path, limits);
  if (starts(0x1f, 0x8b)) {
    const inner = await gunzip(blob, path, limits);
    if (!looksLikeTar(new Uint8Array(await inner.slice(0, 512).arrayBuffer()))) {
      throw refused(path, `is a gzip file with no tar archive in it; ${READ}`);
    }
    return listTar(inner, path, limits);
  }
  const other = OTHERS.find(({ magic }) => starts(...magic));
  if (other) throw refused(path, `is an archive of the kind ${other.name}, which cannot be read here; ${READ}`);
  if (isArchiveName(path)) throw damaged(path, "it does not begin as an archive of its name does");
  return undefined;
}
