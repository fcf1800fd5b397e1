import type { ImportRequest } from "../../worker/protocol.ts";

export type NamedFile = ImportRequest["files"][number];

/** Files of an `<input type="file">`, with their paths below the chosen folder. */
export function pickedFiles(list: FileList | null): NamedFile[] {
  return Array.from(list ?? [], (file) => ({ path: file.webkitRelativePath || file.name, blob: file }));
}

/** What was dropped, as far as it can be read. */
export interface DroppedFiles {
  readonly files: readonly NamedFile[];
  /** Paths of files and folders that the browser did not give out. */
  readonly unreadable: readonly string[];
}

/** Files that were dropped, folders walked through. What cannot be read is left out. */
export async function droppedFiles(transfer: Pick<DataTransfer, "items">): Promise<DroppedFiles> {
  // Entries must be taken before the first await: the transfer is emptied when the event is over.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const unreadable: string[] = [];
  const files = await Promise.all(entries.map((entry) => walk(entry, unreadable)));
  return { files: files.flat(), unreadable };
}

/** Adds the paths of what cannot be read to `unreadable`. */
async function walk(entry: FileSystemEntry, unreadable: string[]): Promise<NamedFile[]> {
  const path = entry.fullPath.replace(/^\/+/, "");
  const files: NamedFile[] = [];
  try {
    if (entry.isFile) {
      const blob = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      return [{ path, blob }];
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    // A reader hands out a folder in parts of a hundred entries, and an empty part at the end.
    for (;;) {
      const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (part.length === 0) return files;
      for (const child of part) files.push(...(await walk(child, unreadable)));
    }
  } catch {
    unreadable.push(path);
    return files;
  }
}

/** Says what of a drop is left out; empty where nothing is. */
export function unreadableNote(unreadable: readonly string[]): string {
  if (unreadable.length === 0) return "";
  const named = unreadable.slice(0, 3).join(", ");
  const more = unreadable.length > 3 ? ` and ${unreadable.length - 3} more` : "";
  return `Left out, because the browser cannot read it: ${named}${more}. Check that it is still there and may be read, then drop it again.`;
}

/** A name for a data set from what was chosen: of the folder or archive, in the letters that names may have. */
export function suggestName(files: readonly NamedFile[]): string {
  const first = files[0]?.path ?? "";
  const stem = (first.includes("/") ? first.slice(0, first.indexOf("/")) : first).replace(
    /(\.(zip|tar|t?gz|bin))+$/i,
    "",
  );
  const name = stem
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name.slice(0, 40) || "my-images";
}
