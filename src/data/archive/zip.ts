import { inflateSync } from "fflate";
import { crc32 } from "../crc32.ts";
import {
  ARCHIVE_LIMITS,
  type ArchiveEntry,
  checkEntries,
  checkTotals,
  damaged,
  entryPath,
  lastOfEachPath,
  refused,
} from "./entry.ts";

// PKWARE's APPNOTE.TXT: local file headers with data, then the central directory, then the end record. Only the directory
// says where everything is; what lies between entries is nobody's business.
const LOCAL = 0x0403_4b50;
const CENTRAL = 0x0201_4b50;
const END = 0x0605_4b50;
const END64 = 0x0606_4b50;
const END64_LOCATOR = 0x0706_4b50;
const END_SIZE = 22;
const END64_LOCATOR_SIZE = 20;
const LONGEST_COMMENT = 0xffff;

const ENCRYPTED = 0x2041; // encrypted, strongly encrypted, or with an encrypted directory
const STORED = 0;
const DEFLATED = 8;

interface Directory {
  readonly count: number;
  readonly start: number;
  readonly bytes: DataView<ArrayBuffer>;
}

interface Place {
  readonly path: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

/**
 * The files of a zip archive. Only its directory is read here; a file is read from the blob and inflated when asked for,
 * into as many bytes as the directory says and no more.
 *
 * @param archive name for messages
 * @throws SupernetError("data") for an archive that is encrypted, damaged, beyond the limits, or leads out of itself
 */
export async function listZip(blob: Blob, archive: string, limits = ARCHIVE_LIMITS): Promise<ArchiveEntry[]> {
  const directory = await readDirectory(blob, archive);
  checkEntries(archive, directory.count, limits);
  const places = readPlaces(directory, archive);
  const total = places.reduce((sum, place) => sum + place.size, 0);
  checkTotals(archive, total, blob.size, limits);
  return lastOfEachPath(places).map((place) => ({
    path: place.path,
    size: place.size,
    read: () => unpack(blob, place, directory.start, archive),
  }));
}

async function readDirectory(blob: Blob, archive: string): Promise<Directory> {
  const tailStart = Math.max(0, blob.size - END_SIZE - LONGEST_COMMENT);
  const tail = await view(blob, tailStart, blob.size);
  let at = tail.byteLength - END_SIZE;
  while (
    at >= 0 &&
    !(tail.getUint32(at, true) === END && at + END_SIZE + tail.getUint16(at + 20, true) <= tail.byteLength)
  )
    at--;
  if (at < 0) throw damaged(archive, "its end is missing");
  let count = tail.getUint16(at + 10, true);
  let size = tail.getUint32(at + 12, true);
  let start = tail.getUint32(at + 16, true);
  if (count === 0xffff || size === 0xffff_ffff || start === 0xffff_ffff) {
    const wide = await readEnd64(blob, tailStart + at);
    if (wide) ({ count, size, start } = wide);
  }
  if (start + size > tailStart + at || count * 46 > size)
    throw damaged(archive, "its directory is not where it should be");
  return { count, start, bytes: await view(blob, start, start + size) };
}

/** The end record of archives with more than 65,535 files or 4 GiB. */
async function readEnd64(blob: Blob, end: number) {
  const locator = await view(blob, Math.max(0, end - END64_LOCATOR_SIZE), end);
  if (locator.byteLength < END64_LOCATOR_SIZE || locator.getUint32(0, true) !== END64_LOCATOR) return undefined;
  const record = await view(blob, wideNumber(locator, 8), wideNumber(locator, 8) + 56);
  if (record.byteLength < 56 || record.getUint32(0, true) !== END64) return undefined;
  return { count: wideNumber(record, 32), size: wideNumber(record, 40), start: wideNumber(record, 48) };
}

function readPlaces({ bytes, count }: Directory, archive: string): Place[] {
  const places: Place[] = [];
  let at = 0;
  for (let entry = 0; entry < count; entry++) {
    if (at + 46 > bytes.byteLength || bytes.getUint32(at, true) !== CENTRAL) {
      throw damaged(archive, `its directory ends after ${entry} of ${count} entries`);
    }
    const nameEnd = at + 46 + bytes.getUint16(at + 28, true);
    const extraEnd = nameEnd + bytes.getUint16(at + 30, true);
    const next = extraEnd + bytes.getUint16(at + 32, true);
    if (next > bytes.byteLength) throw damaged(archive, `entry ${entry} of its directory is cut off`);
    const name = fileName(new Uint8Array(bytes.buffer, bytes.byteOffset + at + 46, nameEnd - at - 46));
    const path = entryPath(archive, name);
    if (!/[/\\]$/.test(name) && path !== "") places.push(readPlace(bytes, at, path, { nameEnd, extraEnd }, archive));
    at = next;
  }
  return places;
}

function readPlace(
  bytes: DataView<ArrayBuffer>,
  at: number,
  path: string,
  { nameEnd, extraEnd }: { nameEnd: number; extraEnd: number },
  archive: string,
): Place {
  const method = bytes.getUint16(at + 10, true);
  if (bytes.getUint16(at + 8, true) & ENCRYPTED) {
    throw refused(archive, `is encrypted (${path}); unpack it with its password and import the folder`);
  }
  if (method !== STORED && method !== DEFLATED) {
    throw refused(archive, `packs ${path} with method ${method}, which is not supported; pack it again with "deflate"`);
  }
  const crc = bytes.getUint32(at + 16, true);
  let size = bytes.getUint32(at + 24, true);
  let packed = bytes.getUint32(at + 20, true);
  let header = bytes.getUint32(at + 42, true);
  // Numbers that do not fit 32 bits stand in an extra field, in this order, each only where it is needed.
  const wide = wideFields(bytes, nameEnd, extraEnd);
  if (size === 0xffff_ffff) size = wide.shift() ?? size;
  if (packed === 0xffff_ffff) packed = wide.shift() ?? packed;
  if (header === 0xffff_ffff) header = wide.shift() ?? header;
  // Deflate hardly grows what it cannot shrink: more than this is not what the directory says it is.
  if (packed > size * 1.1 + 1024 || (method === STORED && packed !== size)) {
    throw damaged(archive, `${path} is ${packed} bytes that unpack to ${size}`);
  }
  return { path, method, crc, packed, size, header };
}

function wideFields(bytes: DataView<ArrayBuffer>, start: number, end: number): number[] {
  for (let at = start; at + 4 <= end; ) {
    const length = bytes.getUint16(at + 2, true);
    if (bytes.getUint16(at, true) === 1) {
      const count = Math.floor(Math.min(length, end - at - 4) / 8);
      return Array.from({ length: count }, (_, i) => wideNumber(bytes, at + 4 + 8 * i));
    }
    at += 4 + length;
  }
  return [];
}

async function unpack(blob: Blob, place: Place, limit: number, archive: string): Promise<Uint8Array<ArrayBuffer>> {
  const { path, method, crc, packed, size, header } = place;
  const local = await view(blob, header, header + 30);
  if (local.byteLength < 30 || local.getUint32(0, true) !== LOCAL)
    throw damaged(archive, `${path} is not where it should be`);
  const start = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
  if (start + packed > limit) throw damaged(archive, `${path} is cut off`);
  const data = new Uint8Array(await blob.slice(start, start + packed).arrayBuffer());
  let bytes = data;
  if (method === DEFLATED) {
    try {
      bytes = inflateSync(data, { out: new Uint8Array(size) }) as Uint8Array<ArrayBuffer>;
    } catch (cause) {
      throw damaged(archive, `${path} cannot be unpacked`, cause);
    }
  }
  if (bytes.length !== size || crc32(bytes) !== crc) throw damaged(archive, `${path} is not what was packed`);
  return bytes;
}

/** Names are UTF-8 where they can be: many tools write it without setting the flag. */
function fileName(bytes: Uint8Array<ArrayBuffer>): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** 64 bits; what is beyond 2^53 is rounded, and refused as damage like everything beyond the end of the file. */
function wideNumber(bytes: DataView<ArrayBuffer>, at: number): number {
  return Number(bytes.getBigUint64(at, true));
}

async function view(blob: Blob, start: number, end: number): Promise<DataView<ArrayBuffer>> {
  return new DataView(await blob.slice(start, end).arrayBuffer());
}
