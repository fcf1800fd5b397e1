import {
  ARCHIVE_LIMITS,
  type ArchiveEntry,
  checkEntries,
  checkTotals,
  damaged,
  entryPath,
  lastOfEachPath,
} from "./entry.ts";

// POSIX "ustar" with the long names of pax and GNU: a block of 512 bytes for each entry, then its data in whole blocks.
const BLOCK = 512;
const CHECKSUM = { at: 148, length: 8 };
/** Headers that carry names are short; anything longer is no header. */
const LONGEST_HEADER = 2 ** 20;
const NEWLINE = 10;
/** Bytes read at once while headers are looked for. */
const WINDOW = 2 ** 18;

/**
 * The files of a tar archive. Its headers are read here, the files when asked for. Links and devices are left out.
 *
 * @param archive name for messages
 * @throws SupernetError("data") for an archive that is damaged, beyond the limits, or leads out of itself
 */
export async function listTar(blob: Blob, archive: string, limits = ARCHIVE_LIMITS): Promise<ArchiveEntry[]> {
  const entries: ArchiveEntry[] = [];
  const read = windowed(blob);
  let total = 0;
  let longName: string | undefined;
  for (let at = 0; at < blob.size; ) {
    const header = await read(at, BLOCK);
    if (header.every((byte) => byte === 0)) break; // the end; what follows is padding
    if (header.length < BLOCK || !checksumHolds(header))
      throw damaged(archive, `the header at byte ${at} is not valid`);
    const size = number(header, 124, 12);
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || size < 0) throw damaged(archive, `the header at byte ${at} has no valid size`);
    if (start + size > blob.size) throw damaged(archive, `it ends inside ${longName ?? ownName(header)}`);
    at = start + Math.ceil(size / BLOCK) * BLOCK;

    const type = String.fromCharCode(header[156]!);
    if ("xgLK".includes(type)) {
      if (size > LONGEST_HEADER) throw damaged(archive, `the header at byte ${start - BLOCK} is too long`);
      const data = type === "x" || type === "L" ? await read(start, size) : undefined;
      if (data) longName = type === "x" ? paxPath(data, archive) : text(data, 0, size);
      continue;
    }
    const path = entryPath(archive, longName ?? ownName(header));
    longName = undefined;
    if (!"0\u00007".includes(type) || path === "") continue;
    total += size;
    entries.push({
      path,
      size,
      read: async () => new Uint8Array(await blob.slice(start, start + size).arrayBuffer()),
    });
    checkEntries(archive, entries.length, limits);
    checkTotals(archive, total, blob.size, limits);
  }
  return lastOfEachPath(entries);
}

/** True where the bytes begin as a tar archive does. */
export function looksLikeTar(head: Uint8Array): boolean {
  return head.length >= BLOCK && checksumHolds(head.subarray(0, BLOCK)) && head.some((byte) => byte !== 0);
}

/** Reads of neighbouring small parts as few large ones: every read of a blob is a message to another process. */
function windowed(blob: Blob) {
  let from = 0;
  let bytes = new Uint8Array();
  return async (start: number, length: number): Promise<Uint8Array> => {
    if (start < from || start + length > from + bytes.length) {
      from = start;
      bytes = new Uint8Array(await blob.slice(start, start + Math.max(length, WINDOW)).arrayBuffer());
    }
    return bytes.subarray(start - from, start - from + length);
  };
}

/** The sum of all bytes, those of the checksum itself taken as spaces. */
function checksumHolds(header: Uint8Array): boolean {
  let sum = 32 * CHECKSUM.length;
  for (const [i, byte] of header.entries()) if (i < CHECKSUM.at || i >= CHECKSUM.at + CHECKSUM.length) sum += byte;
  return number(header, CHECKSUM.at, CHECKSUM.length) === sum;
}

/** Octal digits, or base 256 where the first bit is set. NaN for anything else. */
function number(header: Uint8Array, at: number, length: number): number {
  if (header[at]! & 0x80) {
    return header.subarray(at + 1, at + length).reduce((sum, byte) => sum * 256 + byte, header[at]! & 0x7f);
  }
  const digits = text(header, at, length).trim();
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function ownName(header: Uint8Array): string {
  const name = text(header, 0, 100);
  // GNU tar writes "ustar " and has other things where POSIX has the front part of a long name.
  const prefix = text(header, 257, 6) === "ustar" && header[262] === 0 ? text(header, 345, 155) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The path among pax records, "LENGTH KEY=VALUE\n" each; LENGTH counts bytes. */
function paxPath(data: Uint8Array, archive: string): string | undefined {
  let path: string | undefined;
  for (let at = 0; at < data.length; ) {
    const digits = /^[1-9]\d*(?= )/.exec(text(data, at, 10))?.[0] ?? "";
    const end = at + Number(digits);
    if (digits === "" || end > data.length || data[end - 1] !== NEWLINE)
      throw damaged(archive, "a pax record is not valid");
    // Of several the last counts.
    path = /^\d+ path=(.*)$/s.exec(text(data, at, end - 1 - at))?.[1] ?? path;
    at = end;
  }
  return path;
}

/** UTF-8 up to the first NUL. */
function text(bytes: Uint8Array, at: number, length: number): string {
  const part = bytes.subarray(at, at + length);
  const end = part.indexOf(0);
  return new TextDecoder().decode(end < 0 ? part : part.subarray(0, end));
}
