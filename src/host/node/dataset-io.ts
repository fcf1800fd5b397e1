import { readFile } from "node:fs/promises";
import type { DatasetIo } from "../../data/dataset.ts";
import { SupernetError } from "../../errors.ts";
import { nodeFiles } from "./files.ts";

/** Data set files from the file system. */
export const nodeDatasetIo: DatasetIo = {
  exists: nodeFiles.exists,
  async read(path) {
    try {
      const buffer = await readFile(path);
      return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new SupernetError("data", `${path} cannot be read (${reason}); check the file and its permissions`, {
        cause,
      });
    }
  },
};
