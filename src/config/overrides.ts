import { SupernetError } from "../errors.ts";
import { nearestName, suggest } from "./nearest.ts";
import { type ConfNode, childrenOf, cloneNode, emptySection, placeAt, type SectionNode } from "./node.ts";
import { parseYaml } from "./parse.ts";
import type { TypedScalar } from "./scalars.ts";
import { choicesOf, schemaAt } from "./schema/describe.ts";
import { experimentSchema } from "./schema/experiment.ts";

const COMMAND_LINE = placeAt({ file: "command line", line: 0, col: 0 });

/**
 * Applies `--a.b.c value` (or `--a.b.c=value`) arguments to an unresolved conf, in place and in order. Whether a path
 * exists and which type it has is looked up in `resolved`, the same conf with its copies carried out, so values inside
 * copied sections can be overridden too; setting them in the unresolved conf lets copies of them follow.
 *
 * @param allowUnknown skip arguments that name nothing in the conf instead of failing
 * @throws SupernetError "config" for an unknown path, a missing value, or a value of another type
 */
export function applyOverrides(
  conf: SectionNode,
  resolved: SectionNode,
  args: readonly string[],
  allowUnknown: boolean,
): void {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (!arg.startsWith("--") || arg === "--") {
      if (allowUnknown) continue;
      throw new SupernetError("config", `unexpected argument "${arg}": overrides are written --path.to.key value`);
    }
    const equals = arg.indexOf("=");
    const dotted = arg.slice(2, equals < 0 ? undefined : equals);
    const path = dotted.split(".");
    const current = find(resolved, path);
    if (current === undefined) {
      if (allowUnknown) continue;
      throw new SupernetError("config", `--${dotted}: the conf has no such key; ${suggestPath(resolved, path)}`);
    }
    const value = equals < 0 ? args[++i] : arg.slice(equals + 1);
    if (value === undefined) {
      if (allowUnknown) continue;
      throw new SupernetError("config", `--${dotted}: a value must follow`);
    }
    setAt(conf, path, cast(current, value, path));
  }
}

function find(root: SectionNode, path: readonly string[]): ConfNode | undefined {
  let node: ConfNode | undefined = root;
  for (const part of path) node = node?.kind === "section" ? node.entries.get(part) : undefined;
  return node;
}

function setAt(root: SectionNode, path: readonly string[], value: ConfNode): void {
  let section = root;
  for (const part of path.slice(0, -1)) {
    let child = section.entries.get(part);
    if (child?.kind !== "section") {
      // The section comes from a copy. Written as a value, the copy becomes a section that copies, to hold the override.
      const copy = child;
      child = emptySection(copy?.at ?? COMMAND_LINE);
      if (copy?.kind === "scalar") {
        const from = String(copy.value).replace(/^_copy:/, "");
        child.entries.set("_copy", { ...copy, value: from.trim() });
      }
      section.entries.set(part, child);
    }
    section = child;
  }
  section.entries.set(path.at(-1)!, value);
}

/** The override in the type of the value it replaces; a word where the schema has it beside a number. */
function cast(current: ConfNode, text: string, path: readonly string[]): ConfNode {
  const dotted = path.join(".");
  if (current.kind === "section") {
    throw new SupernetError("config", `--${dotted} is a section; set one of its keys: ${keys(current)}`);
  }
  if (current.kind === "list") return { kind: "list", items: castList(text), at: COMMAND_LINE };
  const scalar = castScalar(current.type, text.trim(), text);
  if (scalar !== undefined) return { kind: "scalar", ...scalar, at: COMMAND_LINE };
  const words = choicesOf(schemaAt(experimentSchema, path));
  if (words.includes(text)) return { kind: "scalar", type: "string", value: text, at: COMMAND_LINE };
  if (current.type === "null") {
    const remedy = "a null has no type to read the value by; set it in a yaml file added with ';'";
    throw new SupernetError("config", `--${dotted}: cannot override null with "${text}": ${remedy}`);
  }
  const expected = { int: "an integer", float: "a number", bool: "true or false", string: "text" }[current.type];
  const more = words.map((word) => `, or ${word}`).join("");
  throw new SupernetError("config", `--${dotted}: expected ${expected} like ${current.value}${more}, got "${text}"`);
}

function castScalar(type: TypedScalar["type"], text: string, raw: string): TypedScalar | undefined {
  const digits = text.replace(/(?<=\d)_(?=\d)/g, "");
  switch (type) {
    case "string":
      return { type, value: raw };
    case "int":
      return /^[-+]?\d+$/.test(digits) ? { type, value: Number(digits) } : undefined;
    case "float": {
      const word = /^([-+]?)\.?(inf|infinity|nan)$/i.exec(text);
      if (word !== null) {
        const size = /nan/i.test(word[2]!) ? Number.NaN : Number.POSITIVE_INFINITY;
        return { type, value: word[1] === "-" ? -size : size };
      }
      return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(digits) ? { type, value: Number(digits) } : undefined;
    }
    case "bool":
      if (/^(?:y|yes|t|true|on|1)$/i.test(text)) return { type, value: true };
      return /^(?:n|no|f|false|off|0)$/i.test(text) ? { type, value: false } : undefined;
    case "null":
      return undefined;
  }
}

/** `[a, b]` is read as YAML; any other text becomes the list of its characters, as in Archai. */
function castList(text: string): ConfNode[] {
  if (/^\s*\[.*\]\s*$/s.test(text)) {
    const list = parseYaml(`value: ${text}`, "command line").entries.get("value");
    if (list?.kind === "list") return list.items.map((item) => ({ ...cloneNode(item), at: COMMAND_LINE }));
  }
  return [...text].map((value) => ({ kind: "scalar", type: "string", value, at: COMMAND_LINE }));
}

/** Names what was probably meant: a sibling of the first part that is wrong, else a whole path that looks alike. */
function suggestPath(root: SectionNode, path: readonly string[]): string {
  let section = root;
  for (const [i, part] of path.entries()) {
    const child = section.entries.get(part);
    if (child?.kind === "section") {
      section = child;
      continue;
    }
    const siblings = [...section.entries.keys()].filter((key) => !key.startsWith("_"));
    const sibling = child === undefined ? nearestName(part, siblings) : undefined;
    if (sibling !== undefined) {
      const fixed = [...path.slice(0, i), sibling, ...path.slice(i + 1)];
      if (find(root, fixed) !== undefined) return `did you mean --${fixed.join(".")}?`;
    }
    const leaves = leafPaths(root);
    const sameKey = leaves.filter((leaf) => leaf.split(".").at(-1) === path.at(-1));
    const whole = nearestName(path.join("."), sameKey.length > 0 ? sameKey : leaves) ?? sameKey[0];
    if (whole !== undefined) return `did you mean --${whole}?`;
    const above = path.slice(0, i).join(".");
    return above === "" ? suggest(part, siblings) : `in ${above}: ${suggest(part, siblings)}`;
  }
  return suggest("", section.entries.keys());
}

function leafPaths(node: ConfNode, prefix = ""): string[] {
  if (node.kind !== "section") return [prefix];
  return childrenOf(node)
    .filter(([key]) => !key.startsWith("_"))
    .flatMap(([key, child]) => leafPaths(child, prefix === "" ? key : `${prefix}.${key}`));
}

function keys(section: SectionNode): string {
  return [...section.entries.keys()].join(", ") || "(it has none)";
}
