import type { FileTree } from "../host/files.ts";
import type { RunFiles } from "../nas/run-files.ts";

/** A tree of files as runs see it. */
export const runFiles = (files: FileTree): RunFiles => ({
  writeFile: (path, data, options) => files.writeFile(path, data, options),
  readText: (path) => files.readText(path),
  readBytes: (path) => files.readBytes(path),
  remove: (path) => files.remove(path),
  listFiles: async (folder) => (await files.list(folder, { recursive: false })).map(({ path }) => path),
});
