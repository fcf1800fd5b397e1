import { Document, type Node, Pair, Scalar, type ScalarTag, YAMLMap, YAMLSeq } from "yaml";
import type { ConfNode, SectionNode } from "./node.ts";
import { formatNumber } from "./scalars.ts";
import type { Conf, ConfValue } from "./types.ts";

/**
 * A conf as JSON, indented by one blank; what JSON has no number for becomes ".nan", ".inf" and "-.inf". Unlike
 * `JSON.stringify` it keeps the sign of -0.
 */
export function toJson(conf: Conf): string {
  return jsonOf(conf, "\n");
}

function jsonOf(value: ConfValue, newline: string): string {
  if (typeof value === "number") {
    if (Object.is(value, -0)) return "-0";
    return JSON.stringify(Number.isFinite(value) ? value : formatNumber(value, "float"));
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const inner = `${newline} `;
  const [open, close, items] = Array.isArray(value)
    ? ["[", "]", value.map((item) => jsonOf(item, inner))]
    : ["{", "}", Object.entries(value).map(([key, child]) => `${JSON.stringify(key)}: ${jsonOf(child, inner)}`)];
  return items.length === 0 ? open + close : `${open}${inner}${items.join(`,${inner}`)}${newline}${close}`;
}

class TypedNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const numberTag: ScalarTag = {
  tag: "tag:yaml.org,2002:float",
  default: true,
  identify: (value) => value instanceof TypedNumber,
  resolve: (text) => text,
  stringify: ({ value }) => (value as TypedNumber).text,
};

/** Merges are carried out when a conf is read: what is left is text, which the library would write as one more. */
const mergeKeyTag: ScalarTag = {
  tag: "tag:yaml.org,2002:str",
  default: "key",
  identify: (value) => value === "<<",
  test: /^<<$/,
  resolve: (text) => text,
  stringify: () => '"<<"',
};

/** A conf as YAML that PyYAML and {@link loadConfig} read back with the same values and types. */
export function toYaml(root: SectionNode): string {
  // The library's YAML 1.1 quotes every string that any YAML 1.1 reader could take for something else.
  const doc = new Document(null, {
    version: "1.1",
    schema: "yaml-1.1",
    customTags: (tags) => [numberTag, mergeKeyTag, ...tags],
  });
  doc.contents = toYamlNode(root) as typeof doc.contents;
  return doc.toString({ directives: false, lineWidth: 0 });
}

function toYamlNode(node: ConfNode): Node {
  if (node.kind === "scalar") {
    if (typeof node.value !== "number") return new Scalar(node.value);
    return new Scalar(new TypedNumber(formatNumber(node.value, node.type === "int" ? "int" : "float")));
  }
  if (node.kind === "list") {
    const list = new YAMLSeq();
    list.flow = node.items.every((item) => item.kind === "scalar");
    list.items = node.items.map(toYamlNode);
    return list;
  }
  const map = new YAMLMap();
  // `map.set` would look through all keys for each of them.
  map.items = [...node.entries].map(([key, child]) => new Pair(new Scalar(key), toYamlNode(child)));
  return map;
}
