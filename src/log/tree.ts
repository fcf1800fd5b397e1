import { Document, visit } from "yaml";

/** What can be logged under a key: plain data; numbers may be NaN or infinite. */
export type LogValue = null | boolean | number | string | readonly LogValue[] | { readonly [key: string]: LogValue };

/**
 * A tree of keys in the order they were first logged. Maps, because a plain object would move keys such as epoch
 * numbers to the front.
 */
export type LogTree = Map<string | number, LogTree | LogValue>;

/** The tree at `key` below `parent`, made if there is none yet. Throws if a value was logged there before. */
export function childTree(parent: LogTree, key: string | number): LogTree {
  const known = parent.get(key);
  if (known instanceof Map) return known;
  if (known !== undefined) throw new Error(`log key "${key}" already holds a value and cannot have keys of its own`);
  const child: LogTree = new Map();
  parent.set(key, child);
  return child;
}

/** Sets `values` in `tree`: a key logged again takes the later value and keeps its place. */
export function mergeInto(tree: LogTree, values: { readonly [key: string]: LogValue }): void {
  for (const [key, value] of Object.entries(values)) {
    if (tree.get(key) instanceof Map) throw new Error(`log key "${key}" has keys of its own and cannot hold a value`);
    // A copy: what the caller does with a list afterwards is not part of the log.
    tree.set(key, structuredClone(value));
  }
}

/**
 * The tree as a YAML document: block style, lists on one line, NaN and infinities as .nan, .inf and -.inf. Strings that
 * only YAML 1.1 takes for something else ("yes", "1_000") are quoted, as PyYAML reads 1.1.
 */
export function treeToYaml(tree: LogTree): string {
  const document = new Document(tree, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
  visit(document, {
    Seq(_, list) {
      list.flow = true;
    },
  });
  return document.toString({ lineWidth: 0 });
}
