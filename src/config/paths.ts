/** Joins a relative file name to the folder of another file; absolute names and URLs are returned as they are. */
export function resolveFile(from: string, name: string): string {
  if (/^(?:[\\/]|[A-Za-z]:[\\/]|[A-Za-z][A-Za-z0-9+.-]*:\/\/)/.test(name)) return normalizeFile(name);
  const folder = /^(.*[\\/])?[^\\/]*$/.exec(from)?.[1] ?? "";
  return normalizeFile(folder + name);
}

/** Removes `.` and `x/..` from a file name or URL, so that one file has one name. */
export function normalizeFile(name: string): string {
  const [, root = "", rest = ""] = /^((?:[A-Za-z][A-Za-z0-9+.-]*:\/\/[^/]*)?[\\/]?)(.*)$/s.exec(name) ?? [];
  const parts: string[] = [];
  for (const part of rest.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== ".." || root === "") parts.push(part);
  }
  return root + parts.join("/") || ".";
}

/** A folder's name without the slashes at its end. */
export function withoutEndSlash(folder: string): string {
  // Only at the first slash of several: searching from each of them takes minutes for a name of a million.
  return folder.replace(/(?<!\/)\/+$/, "");
}

/**
 * The path of the entry that a `_copy` names: absolute when it starts with `/`, else starting at the entry that says
 * `_copy`, so that `../x` is its sibling. Undefined when it climbs above the root.
 */
export function resolveConfPath(from: readonly string[], copy: string): string[] | undefined {
  const path = copy.startsWith("/") ? [] : [...from];
  for (const raw of copy.split("/")) {
    const part = raw.trim();
    if (part === "" || part === ".") continue;
    if (part !== "..") path.push(part);
    else if (path.pop() === undefined) return undefined;
  }
  return path;
}
