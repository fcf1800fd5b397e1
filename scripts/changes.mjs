import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./setup.mjs";

/** Whether the file `built` of this checkout is there and newer than all of `paths`; those that are missing count as old. */
export function isNewerThan(built, paths) {
  const time = statSync(join(ROOT, built), { throwIfNoEntry: false })?.mtimeMs;
  return time !== undefined && paths.every((path) => newest(join(ROOT, path)) < time);
}

/** Latest change below `path`; folders count, as deleting a file changes nothing else. */
function newest(path) {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return 0;
  if (!info.isDirectory()) return info.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), info.mtimeMs);
}
