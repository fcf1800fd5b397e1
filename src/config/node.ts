import type { Conf, ConfScalar, ConfValue, Place, Places, Position } from "./types.ts";

// Merging, overriding and copying work on this tree rather than on plain data: it remembers where each value was
// written, and tells 2 from 2.0, which decides what an override may put there.

export type ScalarType = "int" | "float" | "string" | "bool" | "null";

export interface ScalarNode {
  kind: "scalar";
  type: ScalarType;
  value: ConfScalar;
  at: Place;
}

export interface ListNode {
  kind: "list";
  items: ConfNode[];
  at: Place;
}

export interface SectionNode {
  kind: "section";
  entries: Map<string, ConfNode>;
  at: Place;
}

export type ConfNode = ScalarNode | ListNode | SectionNode;

export const NOWHERE: Place = {
  key: { file: "", line: 0, col: 0 },
  value: { file: "", line: 0, col: 0 },
};

/** A section without entries. */
export function emptySection(at: Place = NOWHERE): SectionNode {
  return { kind: "section", entries: new Map(), at };
}

/** A deep copy; the copy keeps the places of the original. */
export function cloneNode<T extends ConfNode>(node: T): T {
  if (node.kind === "list") return { ...node, items: node.items.map(cloneNode) };
  if (node.kind === "section") {
    return { ...node, entries: new Map([...node.entries].map(([key, child]) => [key, cloneNode(child)])) };
  }
  return { ...node };
}

/** The plain data of a tree. */
export function toConf(node: SectionNode): Conf {
  return toValue(node) as Conf;
}

function toValue(node: ConfNode): ConfValue {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(toValue);
  const conf: Conf = {};
  for (const [key, child] of node.entries) {
    // A plain assignment to __proto__ would replace the prototype instead of adding an entry.
    Object.defineProperty(conf, key, { value: toValue(child), enumerable: true, configurable: true, writable: true });
  }
  return conf;
}

/** The places of all entries of a tree; the root is under the empty path. */
export function toPlaces(root: SectionNode): Places {
  const places = new Map<string, Place>();
  const visit = (node: ConfNode, path: string) => {
    places.set(path, node.at);
    for (const [key, child] of childrenOf(node)) visit(child, path === "" ? key : `${path}.${key}`);
  };
  visit(root, "");
  return places;
}

/** Names and nodes of the children of a section or list; none for a scalar. */
export function childrenOf(node: ConfNode): [string, ConfNode][] {
  if (node.kind === "section") return [...node.entries];
  if (node.kind === "list") return node.items.map((item, i) => [String(i), item]);
  return [];
}

/** A place whose name and value are at one position. */
export function placeAt(position: Position): Place {
  return { key: position, value: position };
}
