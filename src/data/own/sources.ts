import { isArchiveName, openArchive } from "../archive/open.ts";
import { isLitter } from "./layout.ts";
import type { ImportRequest } from "./types.ts";

/** A file to import, on its own or inside an archive. */
export interface SourceFile {
  readonly path: string;
  readonly size: number;
  /** @throws SupernetError("data") when it lies in a damaged archive; anything else when it cannot be read */
  blob(): Promise<Blob>;
}

export interface Sources {
  readonly files: readonly SourceFile[];
  /** Files that are left out, and why. */
  readonly skipped: readonly { readonly path: string; readonly reason: string }[];
  /** Name of the archive, where there is one. */
  readonly archive?: string;
}

/**
 * The files of a request. A single archive is opened; beside other files, archives are left out.
 * @throws SupernetError("data") for an archive that cannot be opened
 */
export async function openSources({ files }: ImportRequest): Promise<Sources> {
  const visible = files.filter(({ path }) => !isLitter(path));
  const [only] = visible;
  if (visible.length === 1) {
    const entries = await openArchive(only!);
    if (entries) {
      return {
        archive: only!.path,
        skipped: [],
        files: entries.map(({ path, size, read }) => ({ path, size, blob: async () => new Blob([await read()]) })),
      };
    }
  }
  return {
    files: visible
      .filter(({ path }) => !isArchiveName(path))
      .map(({ path, blob }) => ({ path, size: blob.size, blob: () => Promise.resolve(blob) })),
    skipped: visible
      .filter(({ path }) => isArchiveName(path))
      .map(({ path }) => ({ path, reason: "is an archive among other files; import it on its own" })),
  };
}
