import { SupernetError } from "../../errors.ts";

/** A file inside an archive. Nothing of it is unpacked before it is read. */
export interface ArchiveEntry {
  /** Folders as `/`; relative, without `.` and `..`. */
  readonly path: string;
  /** Bytes once unpacked. */
  readonly size: number;
  /** @throws SupernetError("data") when the archive is damaged here */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** What an archive may ask of the machine: a few kilobytes can claim to hold terabytes. */
export interface ArchiveLimits {
  readonly entries: number;
  /** Bytes of all files together, unpacked. */
  readonly bytes: number;
  /** Unpacked bytes for every packed one, in archives that hold more than `ratioFrom` bytes. */
  readonly ratio: number;
  readonly ratioFrom: number;
}

/** Room for any data set that fits a tab; images hardly shrink when packed, so a high ratio is no image. */
export const ARCHIVE_LIMITS: ArchiveLimits = { entries: 200_000, bytes: 2 ** 32, ratio: 100, ratioFrom: 2 ** 28 };

/** @throws SupernetError("data") where a total is more than the limits allow */
export function checkTotals(archive: string, bytes: number, packed: number, limits: ArchiveLimits): void {
  if (bytes > limits.bytes) {
    throw refused(archive, `holds more than ${mebibytes(limits.bytes)} MiB; unpack it and import a part of the folder`);
  }
  if (bytes > limits.ratioFrom && bytes > limits.ratio * packed) {
    throw refused(
      archive,
      `unpacks to more than ${limits.ratio} times its size, which images never do; unpack it and import the folder`,
    );
  }
}

/** @throws SupernetError("data") where there are more files than the limits allow */
export function checkEntries(archive: string, entries: number, limits: ArchiveLimits): void {
  if (entries > limits.entries) {
    throw refused(archive, `holds more than ${limits.entries} files; unpack it and import a part of the folder`);
  }
}

/** Systems have no longer paths; what looks for class folders takes time for every level. */
const LONGEST_PATH = 4096;
const MOST_FOLDERS = 64;

/** Of entries of one path the last, as it is what unpacking them all leaves behind: tar adds newer files at the end. */
export function lastOfEachPath<T extends { readonly path: string }>(entries: readonly T[]): T[] {
  return [...new Map(entries.map((entry) => [entry.path, entry])).values()];
}

/**
 * The path of an entry, cleaned of empty and `.` parts; Windows' `\` becomes `/`.
 * @throws SupernetError("data") for paths that lead out of the archive, and for those that no system has
 */
export function entryPath(archive: string, raw: string): string {
  const path = raw.replaceAll("\\", "/");
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path) || parts.includes("..") || path.includes("\0")) {
    throw refused(
      archive,
      `has an entry that leads out of it, ${JSON.stringify(raw)}; do not trust it, or pack it again with relative paths`,
    );
  }
  if (raw.length > LONGEST_PATH || parts.length > MOST_FOLDERS) {
    const start = JSON.stringify(raw.slice(0, 60));
    throw refused(
      archive,
      `has an entry in too many folders, beginning ${start}; pack it again without the outer ones`,
    );
  }
  return parts.join("/");
}

/** The error for an archive whose bytes contradict themselves. */
export function damaged(archive: string, what: string, cause?: unknown): SupernetError {
  return new SupernetError("data", `${archive} is damaged: ${what}; download or pack it again`, { cause });
}

/** The error for an archive that is whole and still not read. */
export function refused(archive: string, what: string): SupernetError {
  return new SupernetError("data", `${archive} ${what}`);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
