/**
 * Values of a tree by their paths (`nas.search.trainer.epochs`), as texts: under them a NaN equals itself.
 * @param path of the tree itself
 */
export function leafTexts(tree: unknown, path = "", into = new Map<string, string>()): Map<string, string> {
  if (typeof tree !== "object" || tree === null) {
    if (tree !== undefined) into.set(path, String(tree));
    return into;
  }
  for (const [key, value] of Object.entries(tree)) leafTexts(value, path === "" ? key : `${path}.${key}`, into);
  return into;
}

export interface Difference {
  readonly path: string;
  /** "absent" where only the other tree has such a value. */
  readonly was: string;
  readonly is: string;
}

/** Where two trees differ. @param path of both */
export function differences(before: unknown, after: unknown, path = ""): Difference[] {
  const [was, is] = [leafTexts(before, path), leafTexts(after, path)];
  return [...new Set([...was.keys(), ...is.keys()])]
    .filter((key) => was.get(key) !== is.get(key))
    .map((key) => ({ path: key, was: was.get(key) ?? "absent", is: is.get(key) ?? "absent" }));
}
