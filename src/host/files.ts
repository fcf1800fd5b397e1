/** A file of a tree. */
export interface FileInfo {
  /** Below the folder that was listed. */
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, in milliseconds since 1970. */
  readonly modified: number;
}

export interface ListOptions {
  /** False leaves out what lies in folders of the folder; default true. */
  readonly recursive?: boolean;
}

export interface WriteOptions {
  /** Read back what was written before it replaces what was there. */
  readonly verify?: boolean;
}

/** Files by path: a disk in Node, an origin's private file system in a browser. Paths use `/`. */
export interface FileTree {
  /** @throws SupernetError("io") */
  readBytes(path: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The first bytes of a file; all where it has fewer. @throws SupernetError("io") */
  readStart(path: string, bytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /** UTF-8, a leading byte order mark removed. @throws SupernetError("io") */
  readText(path: string): Promise<string>;
  /** Whether there is a file or a folder of that path. */
  exists(path: string): Promise<boolean>;
  /** Replaces a file whole or not at all; makes its folder. @throws SupernetError("io") */
  writeFile(path: string, data: string | Uint8Array, options?: WriteOptions): Promise<void>;
  /** Adds to the end of a file, which is made with its folder if it is missing. @throws SupernetError("io") */
  appendText(path: string, text: string): Promise<void>;
  /**
   * All files below a folder, or only those in it, in the order of their paths; none where there is no such folder.
   * @throws SupernetError("io")
   */
  list(folder: string, options?: ListOptions): Promise<FileInfo[]>;
  /** Removes a file, or a folder with all it contains, if it is there. @throws SupernetError("io") */
  remove(path: string): Promise<void>;
  /**
   * Removes what writes that were cut off have left below a folder, if it is there; not to be called while anybody writes there.
   * @throws SupernetError("io")
   */
  removeTemporary(folder: string): Promise<void>;
}

/** Name of a file that is being written. No list shows such files: what was not finished is no file yet. */
export const temporaryName = (name: string): string => `.${name}.${crypto.randomUUID().slice(0, 8)}.tmp`;

export const isTemporary = (name: string): boolean => /^\..+\.[0-9a-f]{8}\.tmp$/.test(name);

/** Why a file that was read back does not replace the one before. */
export const NOT_AS_WRITTEN = "what was read back is not what was written: the disk may be failing";
