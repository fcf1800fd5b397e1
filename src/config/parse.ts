import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node } from "yaml";
import { configError } from "./errors.ts";
import { type ConfNode, emptySection, placeAt, type SectionNode } from "./node.ts";
import { resolvePlain, type TypedScalar } from "./scalars.ts";
import type { Place, Position } from "./types.ts";
import { offsetOf, readYaml, tooDeep, tooManyValues, YAML_LIMITS, YamlProblem, type YamlText } from "./yaml-text.ts";

const TAG = "tag:yaml.org,2002:";

/** Keys are parts of names such as nas.search.trainer.epochs, which stand in messages and are kept for every value. */
const LONGEST_KEY = 100;

/**
 * Reads one YAML file into a tree that remembers places. A key written twice keeps its last value, as in PyYAML.
 *
 * @param file name used in messages
 * @throws SupernetError "config" when the text is not YAML, exceeds `YAML_LIMITS`, or its top is not a section
 */
export function parseYaml(text: string, file: string): SectionNode {
  const lines = new LineCounter();
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line, col };
  };
  try {
    // The failsafe schema leaves scalars alone: `resolvePlain` reads them. Merge keys and tags are ours for that reason.
    const yaml = readYaml(text, lines, { schema: "failsafe" });
    const top = yaml.document.contents;
    const start = placeAt({ file, line: 1, col: 1 });
    if (top === null || (isScalar(top) && isEmptyScalar(top))) return emptySection(start);
    const node = new Reader(yaml, at).node(top, start);
    if (node.kind !== "section") throw configError(node.at.value, "a conf file must be a mapping of keys to values");
    return node;
  } catch (error) {
    if (error instanceof YamlProblem) throw configError(at(error.offset), error.message, error);
    throw error;
  }
}

/** Turns the nodes of one document into ours. */
class Reader {
  private readonly yaml: YamlText;
  private readonly at: (offset: number) => Position;
  private readonly open = new Set<Node>();
  private values = 0;

  constructor(yaml: YamlText, at: (offset: number) => Position) {
    this.yaml = yaml;
    this.at = at;
  }

  node(node: Node, place: Place): ConfNode {
    if (isAlias(node)) return this.node(this.yaml.target(node), place);
    if (this.open.has(node)) throw configError(place.value, "an anchor contains an alias of itself");
    if (this.open.size >= YAML_LIMITS.depth) throw tooDeep(offsetOf(node));
    this.count(node);
    this.open.add(node);
    try {
      if (isScalar(node)) return { kind: "scalar", ...this.scalar(node), at: place };
      if (isSeq(node)) {
        const items = node.items.map((item) => this.node(item as Node, placeAt(this.position(item as Node))));
        return { kind: "list", items, at: place };
      }
      return this.section(node, place);
    } finally {
      this.open.delete(node);
    }
  }

  /** Keys count like values, as they may have none. */
  private count(node: Node): void {
    if (++this.values > YAML_LIMITS.values) throw tooManyValues(offsetOf(node));
  }

  private section(node: Node, place: Place): SectionNode {
    const section = emptySection(place);
    if (!isMap(node)) throw configError(place.value, "unsupported YAML node");
    const merged: SectionNode[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      const keyAt = this.position(keyNode);
      if (!isScalar(keyNode)) throw configError(keyAt, "a key must be a single word or a quoted string");
      const key = String(keyNode.value);
      if (key.length > LONGEST_KEY) throw configError(keyAt, `a key must not be longer than ${LONGEST_KEY} characters`);
      this.count(keyNode);
      const valueNode = pair.value as Node | null;
      const valueAt = valueNode === null || isEmptyScalar(valueNode) ? keyAt : this.position(valueNode);
      const at: Place = { key: keyAt, value: valueAt };
      const value: ConfNode =
        valueNode === null ? { kind: "scalar", type: "null", value: null, at } : this.node(valueNode, at);
      if (keyNode.value === "<<" && keyNode.type === "PLAIN") merged.push(...mergeSources(value));
      else section.entries.set(key, value);
    }
    for (const source of merged) {
      for (const [key, child] of source.entries) if (!section.entries.has(key)) section.entries.set(key, child);
    }
    return section;
  }

  private scalar(node: Node): TypedScalar {
    if (!isScalar(node)) throw new TypeError("not a scalar");
    const text = String(node.value ?? "");
    const tag = node.tag?.startsWith(TAG) ? node.tag.slice(TAG.length) : node.tag;
    if (tag === undefined) return node.type === "PLAIN" ? resolvePlain(text) : { type: "string", value: text };
    if (tag === "str" || tag === "!") return { type: "string", value: text };
    const plain = resolvePlain(text);
    if (tag === plain.type) return plain;
    if (tag === "float" && plain.type === "int") return { type: "float", value: plain.value };
    throw configError(this.position(node), `the tag ${node.tag} does not fit the value "${text}"`);
  }

  private position(node: Node): Position {
    return this.at(offsetOf(node));
  }
}

function mergeSources(value: ConfNode): SectionNode[] {
  const sources = value.kind === "list" ? value.items : [value];
  return sources.map((source) => {
    if (source.kind !== "section") throw configError(value.at.value, "<< needs a mapping or a list of mappings");
    return source;
  });
}

function isEmptyScalar(node: Node): boolean {
  return (
    isScalar(node) && node.type === "PLAIN" && (node.value === "" || node.value === null) && node.tag === undefined
  );
}
