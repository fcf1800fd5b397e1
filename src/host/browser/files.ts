import { SupernetError } from "../../errors.ts";
import { type FileInfo, type FileTree, isTemporary, NOT_AS_WRITTEN, temporaryName } from "../files.ts";

/** Part of the File System Standard that TypeScript's library for pages leaves out, as it is for dedicated workers only. */
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncAccessHandle>;
  move(name: string): Promise<void>;
}

interface SyncAccessHandle {
  write(data: Uint8Array, options?: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/**
 * Files in the origin's private file system, for dedicated workers: nobody else may write there synchronously, and Safari has no
 * other way to write.
 */
export const browserFiles: FileTree = {
  readBytes: (path) => attempt("read", path, async () => new Uint8Array(await (await openFile(path)).arrayBuffer())),
  readStart: (path, bytes) =>
    attempt("read", path, async () => new Uint8Array(await (await openFile(path)).slice(0, bytes).arrayBuffer())),
  async readText(path) {
    return new TextDecoder().decode(await this.readBytes(path));
  },
  async exists(path) {
    const { folder, name } = split(path);
    try {
      const parent = await openFolder(folder);
      await parent.getFileHandle(name).catch(() => parent.getDirectoryHandle(name));
      return true;
    } catch {
      return false;
    }
  },
  writeFile: (path, data, { verify = false } = {}) =>
    attempt("write", path, async () => {
      const { folder, name } = split(path);
      const parent = await openFolder(folder, { create: true });
      const temporary = temporaryName(name);
      const handle = (await parent.getFileHandle(temporary, { create: true })) as WorkerFileHandle;
      try {
        await writeAt(handle, data, "start");
        if (verify && !(await holds(handle, data))) throw new Error(NOT_AS_WRITTEN);
        await handle.move(name);
      } catch (cause) {
        await parent.removeEntry(temporary).catch(() => undefined);
        throw cause;
      }
    }),
  appendText: (path, text) =>
    attempt("write", path, async () => {
      const { folder, name } = split(path);
      const parent = await openFolder(folder, { create: true });
      const handle = (await parent.getFileHandle(name, { create: true })) as WorkerFileHandle;
      await writeAt(handle, text, "end");
    }),
  list: (folder, { recursive = true } = {}) =>
    attempt("read", folder, async () => {
      const found: FileInfo[] = [];
      await unlessMissing(async () => collect(await openFolder(partsOf(folder)), "", found, recursive));
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    }),
  remove: (path) =>
    attempt("write", path, async () => {
      const { folder, name } = split(path);
      await unlessMissing(async () => (await openFolder(folder)).removeEntry(name, { recursive: true }));
    }),
  removeTemporary: (folder) =>
    attempt("write", folder, () => unlessMissing(async () => removeTemporary(await openFolder(partsOf(folder))))),
};

async function unlessMissing(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    if (!isNamed(cause, "NotFoundError")) throw cause;
  }
}

async function removeTemporary(folder: FileSystemDirectoryHandle): Promise<void> {
  const names: string[] = [];
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory") await removeTemporary(handle as FileSystemDirectoryHandle);
    else if (isTemporary(name)) names.push(name);
  }
  for (const name of names) await folder.removeEntry(name);
}

async function writeAt(handle: WorkerFileHandle, data: string | Uint8Array, where: "start" | "end"): Promise<void> {
  const bytes = bytesOf(data);
  const access = await handle.createSyncAccessHandle();
  try {
    const at = where === "start" ? 0 : access.getSize();
    const written = access.write(bytes, { at });
    if (written !== bytes.length) {
      access.truncate(at);
      throw new DOMException("not all was written", "QuotaExceededError");
    }
    access.flush();
  } finally {
    access.close();
  }
}

const bytesOf = (data: string | Uint8Array) => (typeof data === "string" ? new TextEncoder().encode(data) : data);

async function holds(handle: FileSystemFileHandle, data: string | Uint8Array): Promise<boolean> {
  const want = bytesOf(data);
  const got = new Uint8Array(await (await handle.getFile()).arrayBuffer());
  return got.length === want.length && got.every((byte, at) => byte === want[at]);
}

async function collect(
  folder: FileSystemDirectoryHandle,
  prefix: string,
  into: FileInfo[],
  recursive: boolean,
): Promise<void> {
  for await (const [name, handle] of folder.entries()) {
    if (handle.kind === "directory") {
      if (recursive) await collect(handle as FileSystemDirectoryHandle, `${prefix}${name}/`, into, recursive);
    } else if (!isTemporary(name)) {
      const { size, lastModified } = await (handle as FileSystemFileHandle).getFile();
      into.push({ path: prefix + name, bytes: size, modified: lastModified });
    }
  }
}

const partsOf = (path: string) => path.split("/").filter((part) => part !== "" && part !== ".");

function split(path: string): { readonly folder: readonly string[]; readonly name: string } {
  const parts = partsOf(path);
  return { folder: parts.slice(0, -1), name: parts.at(-1) ?? "" };
}

async function openFile(path: string): Promise<File> {
  const { folder, name } = split(path);
  return (await (await openFolder(folder)).getFileHandle(name)).getFile();
}

async function openFolder(
  path: readonly string[],
  options: FileSystemGetDirectoryOptions = {},
): Promise<FileSystemDirectoryHandle> {
  let folder = await navigator.storage.getDirectory();
  for (const name of path) folder = await folder.getDirectoryHandle(name, options);
  return folder;
}

const isNamed = (error: unknown, name: string) => error instanceof DOMException && error.name === name;

const REASONS: Readonly<Record<string, string>> = {
  NotFoundError: "it does not exist",
  TypeMismatchError: "part of its path is a file, not a folder",
  QuotaExceededError: "the browser gives this page no more space: delete runs, or free disk space",
  NoModificationAllowedError: "another tab is writing it: close that tab, or give this run another name",
  SecurityError: "the browser lets this page keep no files: allow it to store data",
};

async function attempt<T>(action: "read" | "write", path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const { name, message } = cause instanceof Error ? cause : { name: "", message: String(cause) };
    throw new SupernetError("io", `cannot ${action} ${path}: ${REASONS[name] ?? message}`, { cause });
  }
}
