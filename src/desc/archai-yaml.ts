import type { Node, Scalar } from "yaml";
import { formatNumber, resolvePlain } from "../config/scalars.ts";
import type { YamlText } from "../config/yaml-text.ts";
import { fillLegacy, isRecord } from "./archai-legacy.ts";
import { modelDescToJson } from "./json.ts";
import type { ModelDesc } from "./model-desc.ts";
import { plainOf } from "./plain.ts";

/** Where Archai 1.0 keeps its classes; older versions had `archai.nas.model_desc`. */
const MODULE = "archai.supergraph.nas.model_desc";
const CONFIG = "archai.common.config.Config";
const TAG = /^tag:yaml\.org,2002:python\//;

/** Whether a file was written by Archai: Python objects, tagged with their classes. */
export function isArchaiYaml(text: string): boolean {
  return /!!python\/object:archai\.(supergraph\.)?nas\.model_desc\.ModelDesc/.test(text);
}

/**
 * The description in Archai's file, whose scalars are left as they are written (the schema "failsafe"), as plain data with the keys of `modelDescFromJson`; gaps of old versions filled.
 * @throws YamlProblem see `plainOf`
 */
export function archaiDescOf(yaml: YamlText): unknown {
  const file = plainOf(yaml, { scalar: asPython, collection: withoutPython });
  if (!isRecord(file)) return file;
  const { _cell_descs, ...rest } = file;
  const { cell_descs = _cell_descs } = rest;
  const cells = Array.isArray(cell_descs) ? cell_descs.map(renameNodes) : cell_descs;
  return fillLegacy({ ...rest, cell_descs: cells });
}

/** Private attributes of the reference's classes under their public names; what it only keeps at run time left out. */
function renameNodes(cell: unknown): unknown {
  if (!isRecord(cell)) return cell;
  const { _nodes, ...rest } = cell;
  return { ...rest, nodes: rest.nodes ?? _nodes };
}

/** As PyYAML takes it, which wrote it. */
function asPython({ value, type, tag }: Scalar): unknown {
  const text = String(value ?? "");
  return type === "PLAIN" && tag === undefined ? resolvePlain(text).value : text;
}

/** Python's objects as the mappings of their attributes, calls as what they yield. */
function withoutPython({ tag = "" }: Node, value: unknown[] | Record<string, unknown>): unknown {
  if (Array.isArray(value)) return TAG.test(tag) && tag.includes("object/apply:") ? calledValue(tag, value) : value;
  // A conf section is an object around its data.
  return tag.endsWith(CONFIG) ? (value.data ?? {}) : value;
}

/** `getattr(CellType, "Regular")` of new Pythons, `CellType("regular")` of old ones, `OrderedDict([[k, v], …])`. */
function calledValue(tag: string, items: readonly unknown[]): unknown {
  const [first = [], ...others] = items;
  const isPairs = Array.isArray(first) && first.every((item) => Array.isArray(item) && typeof item[0] === "string");
  if (tag.endsWith("OrderedDict")) return isPairs && others.length === 0 ? Object.fromEntries(first) : items;
  const last = items.at(-1);
  return typeof last === "string" ? last.toLowerCase() : items;
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
    return entries.map(([key, item]) => `${keyText(key)}:${afterKey(item, indent)}`).join(`\n${" ".repeat(indent)}`);
  }
  // To PyYAML 1e-7 is a text, and JSON has no NaN.
  if (typeof value === "number") return formatNumber(value, Number.isSafeInteger(value) ? "int" : "float");
  // JSON's other scalars are YAML's; strings in double quotes are safe whatever they hold.
  return JSON.stringify(value);
}

/** Names as they are; what YAML might take for something else in quotes. */
function keyText(key: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(key) && resolvePlain(key).type === "string" ? key : JSON.stringify(key);
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
