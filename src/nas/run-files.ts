import type { WriteOptions } from "../host/files.ts";

/** The files of runs, wherever they lie. Paths use `/`. */
export interface RunFiles {
  /** Replaces a file whole or not at all; makes its folder. @throws SupernetError("io") */
  writeFile(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** @throws SupernetError("io") */
  readText(path: string): Promise<string>;
  /** @throws SupernetError("io") */
  readBytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Removes a file, or a folder with all it contains, if it is there. @throws SupernetError("io") */
  remove(path: string): Promise<void>;
  /** Names of the files right in a folder, in order; none where there is no such folder. */
  listFiles(folder: string): Promise<string[]>;
}

/** Whether there is a file of that path. */
export async function fileExists(files: Pick<RunFiles, "listFiles">, path: string): Promise<boolean> {
  const slash = path.lastIndexOf("/");
  return (await files.listFiles(path.slice(0, slash))).includes(path.slice(slash + 1));
}
