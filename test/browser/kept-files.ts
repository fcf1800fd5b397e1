import type { Page } from "playwright-core";

/** Every file of the runs of a page's origin, by path: what is text as text, all else in base64. */
export async function keptFiles(page: Page): Promise<Record<string, string>> {
  const files = await page.evaluate(async () => {
    const found: Record<string, string> = {};
    const walk = async (folder: FileSystemDirectoryHandle, prefix: string) => {
      for await (const [name, handle] of folder.entries()) {
        if (handle.kind === "directory") await walk(handle as FileSystemDirectoryHandle, `${prefix}${name}/`);
        else {
          const bytes = new Uint8Array(await (await (handle as FileSystemFileHandle).getFile()).arrayBuffer());
          found[prefix + name] = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }
      }
    };
    const root = await navigator.storage.getDirectory();
    await walk(await root.getDirectoryHandle("runs", { create: true }), "");
    return found;
  });
  const text = (path: string, base64: string) =>
    path.endsWith(".safetensors") ? base64 : Buffer.from(base64, "base64").toString();
  return Object.fromEntries(Object.entries(files).map(([path, base64]) => [path, text(path, base64)]));
}

/** Names of the files of the runs of a page's origin that match. */
export function pathsOf(page: Page, pattern: RegExp): Promise<string[]> {
  return keptFiles(page).then((files) => Object.keys(files).filter((path) => pattern.test(path)));
}

/** Moments and durations, as logs, metrics and summaries have them. A summary has no seconds of what has gone on. */
const TIMES = [
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}/gm,
  /,?\s*"seconds": [\d.e+-]+/g,
  /(?<=\b"?(?:duration|step_time|timestamp|time|start_?time|end_?time|started|ended)"?[:=]\s*)[\d.e+-]+/gi,
];

/** Files without the times of day at which, and the times for which, things happened. */
export function timeless(files: Readonly<Record<string, string>>): Record<string, string> {
  const without = (text: string) => TIMES.reduce((rest, time) => rest.replace(time, ""), text);
  return Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, path.endsWith(".safetensors") ? text : without(text)]),
  );
}
