import type { FileTree } from "../host/files.ts";

/** Where a log goes: a folder in Node, browser storage in a page. Names are plain file names. */
export interface LogSink {
  /** Replaces the whole text of `name`; readers see the old text or the new one, never a part. */
  writeText(name: string, text: string): Promise<void>;
  /** Adds `text` at the end of `name`, which is created if missing. */
  appendText(name: string, text: string): Promise<void>;
  /** All was logged. */
  close?(): Promise<void>;
}

/**
 * Log files in a folder, which is created with the first of them; those of an earlier run are replaced. Its methods throw
 * SupernetError("io").
 */
export function folderLogSink(files: FileTree, folder: string): LogSink {
  const begun = new Set<string>();
  return {
    writeText: (name, text) => files.writeFile(`${folder}/${name}`, text),
    appendText(name, text) {
      const path = `${folder}/${name}`;
      if (begun.has(name)) return files.appendText(path, text);
      begun.add(name);
      return files.writeFile(path, text);
    },
  };
}
