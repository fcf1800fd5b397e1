import type { ConfKey } from "../../worker/protocol.ts";

const KEY = /^(\s*)([A-Za-z_][\w-]*)\s*:/;

/** Path of the section that a line indented by `indent` belongs to: `nas.search`, or empty at the top. */
export function sectionAt(linesBefore: readonly string[], indent: number): string {
  const path: string[] = [];
  let depth = indent;
  for (const line of linesBefore.toReversed()) {
    const [, space, key] = KEY.exec(line) ?? [];
    if (key === undefined || space === undefined || space.length >= depth) continue;
    path.unshift(key);
    depth = space.length;
  }
  return path.join(".");
}

/** Keys directly below a section. */
export function keysIn(keys: readonly ConfKey[], section: string): readonly { name: string; key: ConfKey }[] {
  const prefix = section ? `${section}.` : "";
  return keys
    .filter(({ path }) => path.startsWith(prefix) && !path.slice(prefix.length).includes("."))
    .map((key) => ({ name: key.path.slice(prefix.length), key }));
}

/** What may be written at the end of `line`: names of keys, or values after the colon. `from` is a column from 0. */
export function completionsAt(
  keys: readonly ConfKey[],
  linesBefore: readonly string[],
  line: string,
):
  | { readonly from: number; readonly options: readonly { label: string; detail?: string; insert: string }[] }
  | undefined {
  const indent = line.length - line.trimStart().length;
  const value = /^\s*([\w-]+):\s+(\S*)$/.exec(line);
  const section = sectionAt(linesBefore, indent);
  if (value) {
    const key = keysIn(keys, section).find(({ name }) => name === value[1])?.key;
    if (!key?.values) return undefined;
    const options = key.values.map((label) => ({ label, detail: key.type, insert: label }));
    return { from: line.length - (value[2]?.length ?? 0), options };
  }
  if (!/^\s*[\w-]*$/.test(line)) return undefined;
  const options = keysIn(keys, section).map(({ name, key }) => ({
    label: name,
    detail: key.type,
    insert: key.type === "section" ? `${name}:\n${" ".repeat(indent + 2)}` : `${name}: `,
  }));
  return { from: indent, options };
}
