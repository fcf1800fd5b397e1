import type { Page } from "playwright-core";
import { timelessFile } from "../timeless.ts";

/** Every file of the runs of a page's origin, by path: what is text as text, all else in base64. */
export async function keptFiles(page: Page): Promise<Record<string, string>> {
  const files = await page.evaluate(walk, true);
  const text = (path: string, base64: string) =>
    path.endsWith(".safetensors") ? base64 : Buffer.from(base64, "base64").toString();
  return Object.fromEntries(files.map(([path, base64]) => [path, text(path, base64)]));
}

/** Paths of the files of the runs of a page's origin that match. */
export async function pathsOf(page: Page, pattern: RegExp): Promise<string[]> {
  return (await page.evaluate(walk, false)).map(([path]) => path).filter((path) => pattern.test(path));
}

/** In the page: files by path, with what is in them in base64 or without. */
async function walk(read: boolean): Promise<[string, string][]> {
  const found: [string, string][] = [];
  const enter = async (folder: FileSystemDirectoryHandle, prefix: string) => {
    for await (const [name, handle] of folder.entries()) {
      if (handle.kind === "directory") await enter(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
      else found.push([prefix + name, read ? await contentOf(handle as FileSystemFileHandle) : ""]);
    }
  };
  const contentOf = async (handle: FileSystemFileHandle) => {
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  };
  const root = await navigator.storage.getDirectory();
  await enter(await root.getDirectoryHandle("runs", { create: true }), "");
  return found;
}

/** Files without the times of day at which, and the times for which, things happened. */
export function timeless(files: Readonly<Record<string, string>>): Record<string, string> {
  const without = ([path, text]: [string, string]) => [
    path,
    path.endsWith(".safetensors") ? text : timelessFile(path, text),
  ];
  return Object.fromEntries(Object.entries(files).map(without));
}
