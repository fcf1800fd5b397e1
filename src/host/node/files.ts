import { createReadStream } from "node:fs";
import { access, appendFile, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, sep } from "node:path";
import { SupernetError } from "../../errors.ts";
import {
  type FileInfo,
  type FileTree,
  isTemporary,
  NOT_AS_WRITTEN,
  temporaryName,
  type WriteOptions,
} from "../files.ts";

/**
 * Writes `path` so that it holds the old content or the new one and nothing between, whenever the process dies: to a
 * temporary file in the same folder (made if missing), flushed to disk, then renamed. Throws SupernetError("io").
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  { verify = false }: WriteOptions = {},
): Promise<void> {
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    await mkdir(dirname(path), { recursive: true });
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    if (verify && !(await readFile(temporary)).equals(Buffer.from(data as Uint8Array))) throw new Error(NOT_AS_WRITTEN);
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw ioError("write", path, cause);
  }
}

/** No text here comes near; devices and pipes have no end. */
const LONGEST_TEXT = 2 ** 26;

/** Text of a UTF-8 file, a leading byte order mark removed. Throws SupernetError("io"), also for more than 64 MiB. */
export async function readText(path: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of createReadStream(path)) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_TEXT)
        throw new Error(`it is longer than ${LONGEST_TEXT / 2 ** 20} MiB: is it the right file?`);
    }
  } catch (cause) {
    throw ioError("read", path, cause);
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

/** Content of a file. Throws SupernetError("io"). */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

/** The first bytes of a file; all where it has fewer. Throws SupernetError("io"). */
async function readStart(path: string, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const file = await open(path);
    try {
      const start = new Uint8Array(bytes);
      const { bytesRead } = await file.read(start, 0, bytes, 0);
      return start.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw ioError("read", path, cause);
  }
}

/** Adds to the end of a file, which is made with its folder if it is missing. Throws SupernetError("io"). */
export async function appendText(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await appendFile(path, text);
  } catch (cause) {
    throw ioError("write", path, cause);
  }
}

/** The disk. */
export const nodeFiles: FileTree = {
  readBytes,
  readStart,
  readText,
  writeFile: writeFileAtomic,
  appendText,
  exists: (path) =>
    access(path).then(
      () => true,
      () => false,
    ),
  async list(folder, { recursive = true } = {}) {
    const files: FileInfo[] = [];
    for (const name of await namesIn(folder, recursive)) {
      // What is removed meanwhile is not there.
      const info = isTemporary(basename(name)) ? undefined : await stat(join(folder, name)).catch(() => undefined);
      if (!info?.isFile()) continue;
      files.push({ path: name.replaceAll(sep, "/"), bytes: info.size, modified: info.mtimeMs });
    }
    return files.sort((a, b) => (a.path < b.path ? -1 : 1));
  },
  remove,
  async removeTemporary(folder) {
    for (const name of await namesIn(folder, true)) if (isTemporary(basename(name))) await remove(join(folder, name));
  },
};

/** @throws SupernetError("io"), but not where there is no such folder */
async function namesIn(folder: string, recursive: boolean): Promise<string[]> {
  try {
    return await readdir(folder, { recursive });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw ioError("read", folder, cause);
  }
}

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (cause) {
    throw ioError("write", path, cause);
  }
}

const REASONS: Record<string, string> = {
  ENOENT: "it does not exist",
  EACCES: "permission denied: check who owns it",
  EPERM: "permission denied: check who owns it",
  EISDIR: "it is a folder, not a file",
  ENOTDIR: "part of its path is a file, not a folder",
  EEXIST: "part of its path is a file, not a folder",
  ENOSPC: "the disk is full",
  EROFS: "the disk is read-only",
};

/** The error for a failed file operation, the system's code put into words. */
export function ioError(action: "read" | "write", path: string, cause: unknown): SupernetError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? "";
  const why = REASONS[code] ?? (cause instanceof Error ? cause.message : String(cause));
  return new SupernetError("io", `cannot ${action} ${path}: ${why}`, { cause });
}
