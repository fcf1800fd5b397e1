import { type Document, isAlias, isMap, isPair, isScalar, isSeq, type Node } from "yaml";
import { fillLegacy } from "./archai-legacy.ts";
import { modelDescToJson } from "./json.ts";
import type { ModelDesc } from "./model-desc.ts";

/** Where Archai 1.0 keeps its classes; older versions had `archai.nas.model_desc`. */
const MODULE = "archai.supergraph.nas.model_desc";
const CONFIG = "archai.common.config.Config";
const TAG = /^tag:yaml\.org,2002:python\//;

/** Whether a file was written by Archai: Python objects, tagged with their classes. */
export function isArchaiYaml(text: string): boolean {
  return /!!python\/object:archai\.(supergraph\.)?nas\.model_desc\.ModelDesc/.test(text);
}

/** The description in Archai's file as plain data with the keys of `modelDescFromJson`; gaps of old versions filled. */
export function archaiDescOf(document: Document): Record<string, unknown> {
  const { _cell_descs, ...rest } = plain(document.contents, document) as Record<string, unknown>;
  const { cell_descs = _cell_descs } = rest;
  const cells = Array.isArray(cell_descs) ? cell_descs.map(renameNodes) : cell_descs;
  return fillLegacy({ ...rest, cell_descs: cells });
}

/** Private attributes of the reference's classes under their public names; what it only keeps at run time left out. */
function renameNodes(cell: Record<string, unknown>): Record<string, unknown> {
  const { _nodes, ...rest } = cell;
  return { ...rest, nodes: rest.nodes ?? _nodes };
}

/** Values of nodes, Python's objects taken for the mappings of their attributes. */
function plain(node: unknown, document: Document): unknown {
  if (isAlias(node)) return plain(node.resolve(document), document);
  if (isScalar(node)) return node.value;
  if (isSeq(node)) {
    const items = node.items.map((item) => plain(item, document));
    return isCall(node) ? calledValue(node, items) : items;
  }
  if (!isMap(node)) return null;
  const entries = node.items.flatMap((pair) =>
    isPair(pair) ? [[String(plain(pair.key, document)), plain(pair.value, document)] as const] : [],
  );
  const value = Object.fromEntries(entries);
  // A conf section is an object around its data.
  return node.tag?.endsWith(CONFIG) ? (value.data ?? {}) : value;
}

const isCall = (node: Node & { tag?: string }) =>
  TAG.test(node.tag ?? "") && (node.tag ?? "").includes("object/apply:");

/** `getattr(CellType, "Regular")` of new Pythons, `CellType("regular")` of old ones, `OrderedDict([[k, v], …])`. */
function calledValue(node: Node & { tag?: string }, items: readonly unknown[]): unknown {
  if (node.tag?.endsWith("OrderedDict")) return Object.fromEntries((items[0] ?? []) as [string, unknown][]);
  return String(items.at(-1)).toLowerCase();
}

type Tagged = { readonly tag: string; readonly value: unknown };

/**
 * Writes a description as Archai 1.0 does, for `yaml.load` with its classes: tagged Python objects, keys sorted.
 * Aliases are not used, so every object stands on its own.
 */
export function modelDescToArchaiYaml(desc: ModelDesc): string {
  return `${print(model(modelDescToJson(desc)), 0)}\n`;
}

type Json = Record<string, unknown>;

const object = (name: string, value: Json): Tagged => ({ tag: `!!python/object:${MODULE}.${name}`, value });
const list = (value: unknown, each: (item: Json) => unknown) => (value as Json[]).map(each);
const convParams = (value: unknown) => object("ConvMacroParams", value as Json);

function model(json: Json): Tagged {
  const { cell_descs, ...rest } = json;
  return object("ModelDesc", {
    ...rest,
    _cell_descs: list(cell_descs, cell),
    aux_tower_descs: (json.aux_tower_descs as (Json | null)[]).map((tower) => tower && object("AuxTowerDesc", tower)),
    conf_model_desc: config(json.conf_model_desc),
    logits_op: op(json.logits_op as Json),
    model_stems: list(json.model_stems, op),
    pool_op: op(json.pool_op as Json),
  });
}

function cell(json: Json): Tagged {
  const { nodes, ...rest } = json;
  return object("CellDesc", {
    ...rest,
    _nodes: list(nodes, node),
    cell_type: { tag: `!!python/object/apply:${MODULE}.CellType`, value: [json.cell_type] },
    conf_cell: config(json.conf_cell),
    post_op: op(json.post_op as Json),
    stems: list(json.stems, op),
  });
}

function node(json: Json): Tagged {
  const edge = (item: Json) => object("EdgeDesc", { ...item, op_desc: op(item.op_desc as Json) });
  return object("NodeDesc", { conv_params: convParams(json.conv_params), edges: list(json.edges, edge) });
}

function op(json: Json): Tagged {
  const params = json.params as Json;
  return object("OpDesc", {
    ...json,
    children: json.children && list(json.children, op),
    params: params.conv ? { ...params, conv: convParams(params.conv) } : params,
    trainables: null,
  });
}

/** A conf section and those in it, as the reference's class for them. */
function config(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const data = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, config(item)]));
  return { tag: `!!python/object:${CONFIG}`, value: { args: null, config_filepath: null, data, extra_args: [] } };
}

const isTagged = (value: unknown): value is Tagged => typeof value === "object" && value !== null && "tag" in value;

/** Text of a value that starts on the current line at `indent`; nested blocks follow on lines of their own. */
function print(value: unknown, indent: number): string {
  if (isTagged(value)) {
    const inner = print(value.value, indent);
    return `${value.tag}${isInline(value.value) ? " " : `\n${" ".repeat(indent)}`}${inner}`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return "[]";
    return value.map((item) => `- ${print(item, indent + 2)}`).join(`\n${" ".repeat(indent)}`);
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    if (entries.length === 0) return "{}";
    return entries.map(([key, item]) => `${key}:${afterKey(item, indent)}`).join(`\n${" ".repeat(indent)}`);
  }
  // JSON's scalars are YAML's; strings in double quotes are safe whatever they hold.
  return JSON.stringify(value);
}

function afterKey(value: unknown, indent: number): string {
  if (isInline(value)) return ` ${print(value, indent)}`;
  const inner = indent + 2;
  return isTagged(value) ? ` ${print(value, inner)}` : `\n${" ".repeat(inner)}${print(value, inner)}`;
}

function isInline(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return true;
  if (isTagged(value)) return isInline(value.value);
  return Object.keys(value).length === 0;
}
