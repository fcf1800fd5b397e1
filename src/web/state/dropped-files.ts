import type { ImportRequest } from "../../worker/protocol.ts";

export type NamedFile = ImportRequest["files"][number];

/** Files of an `<input type="file">`, with their paths below the chosen folder. */
export function pickedFiles(list: FileList | null): NamedFile[] {
  return Array.from(list ?? [], (file) => ({ path: file.webkitRelativePath || file.name, blob: file }));
}

/** Files that were dropped, folders walked through. */
export async function droppedFiles(transfer: DataTransfer): Promise<NamedFile[]> {
  // Entries must be taken before the first await: the transfer is emptied when the event is over.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  const files = await Promise.all(entries.map(walk));
  return files.flat();
}

async function walk(entry: FileSystemEntry): Promise<NamedFile[]> {
  if (entry.isFile) {
    const blob = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\/+/, ""), blob }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: NamedFile[] = [];
  // A reader hands out a folder in parts of a hundred entries, and an empty part at the end.
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) return files;
    for (const child of part) files.push(...(await walk(child)));
  }
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
