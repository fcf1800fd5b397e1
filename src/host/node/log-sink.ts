import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { LogSink } from "../../log/sink.ts";
import { ioError, writeFileAtomic } from "./files.ts";

/** Log files in `folder`, which is created with the first of them. Its methods throw SupernetError("io"). */
export function folderLogSink(folder: string): LogSink {
  return {
    writeText: (name, text) => writeFileAtomic(join(folder, name), text),
    async appendText(name, text) {
      const path = join(folder, name);
      try {
        await mkdir(folder, { recursive: true });
        await appendFile(path, text);
      } catch (cause) {
        throw ioError("write", path, cause);
      }
    },
  };
}
