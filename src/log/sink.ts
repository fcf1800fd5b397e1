import type { FileTree } from "../host/files.ts";

/** Where a log goes: a folder in Node, browser storage in a page. Names are plain file names. */
export interface LogSink {
  /** Replaces the whole text of `name`; readers see the old text or the new one, never a part. */
  writeText(name: string, text: string): Promise<void>;
  /** Adds `text` at the end of `name`, which is created if missing. */
  appendText(name: string, text: string): Promise<void>;
}

/** Log files in a folder, which is created with the first of them. Its methods throw SupernetError("io"). */
export const folderLogSink = (files: FileTree, folder: string): LogSink => ({
  writeText: (name, text) => files.writeFile(`${folder}/${name}`, text),
  appendText: (name, text) => files.appendText(`${folder}/${name}`, text),
});
