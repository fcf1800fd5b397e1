import { zipSync } from "fflate";
import { SupernetError } from "../errors.ts";
import type { FileInfo, FileTree } from "../host/files.ts";
import { runFolder } from "../nas/phase.ts";
import type { StoredRun } from "./protocol.ts";
import type { StoredSummary } from "./summary.ts";

/** What a finished run leaves in the folder of its last phase. */
export const SUMMARY = "run.json";

const FOLDER = /^(.+)_(?:search|eval)$/;

/** Files of runs by name: what lies in the folders `<name>_search` and `<name>_eval` of a root. */
export async function filesByRun(files: FileTree, root: string): Promise<Map<string, FileInfo[]>> {
  const byName = new Map<string, FileInfo[]>();
  for (const file of await files.list(root)) {
    const [folder = "", ...rest] = file.path.split("/");
    const name = rest.length > 0 ? FOLDER.exec(folder)?.[1] : undefined;
    if (name === undefined) continue;
    const known = byName.get(name);
    if (known) known.push(file);
    else byName.set(name, [file]);
  }
  return byName;
}

/** Kept runs, newest first. */
export async function storedRuns(files: FileTree, root: string): Promise<StoredRun[]> {
  const runs = [...(await filesByRun(files, root))].map(async ([name, found]) => {
    const summary = await runSummaryOf(files, root, name);
    const latest = Math.max(...found.map(({ modified }) => modified));
    const run: StoredRun = { name, files: found.map(({ path, bytes }) => ({ path, bytes })) };
    return { latest, run: summary ? { ...run, summary } : run };
  });
  return (await Promise.all(runs)).sort((a, b) => b.latest - a.latest).map(({ run }) => run);
}

/** The summary of a run by name; undefined where it has not ended. */
export async function runSummaryOf(files: FileTree, root: string, name: string): Promise<StoredSummary | undefined> {
  return (
    (await readSummary(files, runFolder(root, name, "eval"))) ??
    (await readSummary(files, runFolder(root, name, "search")))
  );
}

/** The summary in the folder of a phase; undefined where there is none that can be read. */
export async function readSummary(files: FileTree, folder: string): Promise<StoredSummary | undefined> {
  const path = `${folder}/${SUMMARY}`;
  if (!(await files.exists(path))) return undefined;
  try {
    return JSON.parse(await files.readText(path)) as StoredSummary;
  } catch {
    // Somebody else's file, or a damaged one: the run is still listed.
    return undefined;
  }
}

/** @throws SupernetError("io") for a file that is not there, or a path that leaves the root */
export function readRunFile(files: FileTree, root: string, path: string): Promise<Uint8Array<ArrayBuffer>> {
  if (path.split(/[/\\]/).includes("..")) throw new SupernetError("io", `cannot read ${path}: it is no file of a run`);
  return files.readBytes(`${root}/${path}`);
}

/** Every file of a run in one zip. @throws SupernetError("io") where there is no such run */
export async function zipRun(files: FileTree, root: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const entries = (await filesOf(files, root, name)).map(
    async ({ path }) => [path, await files.readBytes(`${root}/${path}`)] as const,
  );
  return zipSync(Object.fromEntries(await Promise.all(entries))) as Uint8Array<ArrayBuffer>;
}

/** Removes every file of a run. @throws SupernetError("io") where there is no such run */
export async function removeRun(files: FileTree, root: string, name: string): Promise<void> {
  const own = await filesOf(files, root, name);
  const folders = new Set(own.map(({ path }) => path.slice(0, path.indexOf("/"))));
  for (const folder of folders) await files.remove(`${root}/${folder}`);
}

async function filesOf(files: FileTree, root: string, name: string): Promise<readonly FileInfo[]> {
  const own = (await filesByRun(files, root)).get(name);
  if (own) return own;
  throw new SupernetError("io", `there is no run ${name}; runs() lists those that are kept`);
}
