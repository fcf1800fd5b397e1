import { shown } from "../errors.ts";
import { type ConfError, configError } from "./errors.ts";
import { suggest } from "./nearest.ts";
import { type ConfNode, childrenOf, cloneNode, type ScalarNode, type SectionNode } from "./node.ts";
import { resolveConfPath } from "./paths.ts";
import type { Position } from "./types.ts";
import { YAML_LIMITS } from "./yaml-text.ts";

const KEY = "_copy";
const PREFIX = "_copy:";

/** One step of what is being resolved, for the message when it bites its own tail. */
interface Step {
  path: string;
  at: Position;
}

/**
 * Carries out every `_copy`, in place. `_copy: /path` inside a section merges another section into it, the section's own
 * keys winning at every depth; a value `'_copy: /path'` is replaced by what it names, a scalar or a whole section.
 * What is copied is resolved first, wherever it stands, so a copy brings all of it and the order of keys is immaterial.
 *
 * @throws SupernetError "config" for a path that does not exist, is not a section where one is needed, or is circular, and
 *   for copies of copies beyond `YAML_LIMITS`
 */
export function resolveCopies(root: SectionNode): void {
  new CopyResolver(root).section(root, []);
}

class CopyResolver {
  private readonly root: SectionNode;
  /** Sections whose own `_copy` is done. */
  private readonly expanded = new Set<SectionNode>();
  private readonly finished = new Set<SectionNode>();
  private readonly steps: Step[] = [];
  private copied = 0;

  constructor(root: SectionNode) {
    this.root = root;
  }

  /** Resolves a section with all it contains. */
  section(section: SectionNode, path: string[]): void {
    if (this.finished.has(section)) return;
    this.expand(section, path);
    for (const key of [...section.entries.keys()]) {
      const child = this.value(section, key, [...path, key]);
      if (child.kind === "section") this.section(child, [...path, key]);
    }
    this.finished.add(section);
  }

  /** Merges in what the section's own `_copy` names; its children may remain unresolved. */
  private expand(section: SectionNode, path: string[]): void {
    if (this.expanded.has(section)) return;
    const copy = section.entries.get(KEY);
    if (copy !== undefined) {
      if (copy.kind !== "scalar" || copy.type !== "string" || copy.value === "") {
        throw configError(copy.at.value, `${KEY} needs the path of a section, such as "/common/checkpoint"`);
      }
      this.during(copy, path, () => {
        const [source, sourcePath] = this.locate(copy, String(copy.value), path);
        if (source.kind !== "section") {
          const written = shown(copy.value);
          throw configError(
            copy.at.value,
            `${KEY} of ${written}: a section is needed there, but ${slashed(sourcePath)} is ${describe(source)}`,
          );
        }
        this.section(source, sourcePath);
        this.checkSize(source, path, copy.at.value);
        addMissing(section, source);
        section.entries.delete(KEY);
      });
    }
    this.expanded.add(section);
  }

  /** An entry's node, after `'_copy: path'` in its place was replaced by what it names. */
  private value(section: SectionNode, key: string, path: string[]): ConfNode {
    const node = section.entries.get(key)!;
    if (node.kind !== "scalar" || typeof node.value !== "string" || !node.value.startsWith(PREFIX)) return node;
    const copyPath = node.value.slice(PREFIX.length).trim();
    return this.during(node, path, () => {
      const [source, sourcePath] = this.locate(node, copyPath, path);
      if (source.kind === "section") this.section(source, sourcePath);
      this.checkSize(source, path, node.at.value);
      const copied = cloneNode(source);
      copied.at = { key: node.at.key, value: source.at.value };
      section.entries.set(key, copied);
      return copied;
    });
  }

  private locate(copy: ScalarNode, copyPath: string, from: string[]): [ConfNode, string[]] {
    const written = shown(copyPath);
    const path = resolveConfPath(from, copyPath);
    if (path === undefined) throw configError(copy.at.value, `${KEY} of ${written} climbs above the top of the conf`);
    let node: ConfNode = this.root;
    const walked: string[] = [];
    for (const part of path) {
      if (node.kind !== "section") {
        const message = `${KEY} of ${written}: ${slashed(walked)} is ${describe(node)}, not a section`;
        throw configError(copy.at.value, message);
      }
      const unfinished = this.steps.some((step) => step.path === slashed(walked)) && !this.expanded.has(node);
      if (unfinished) {
        // What this section copies is being resolved and asks for the section itself: only its own values are final.
        const own = node.entries.get(part);
        if (own === undefined || own.kind === "section") throw this.circular(slashed(walked), copy.at.value);
      } else {
        this.expand(node, walked);
      }
      if (!node.entries.has(part)) {
        const names = [...node.entries.keys()].filter((name) => name !== KEY);
        const message = `${KEY} of ${written}: ${slashed(walked)} has no key ${shown(part)}; ${suggest(part, names)}`;
        throw configError(copy.at.value, message);
      }
      walked.push(part);
      node = this.value(node, part, [...walked]);
    }
    return [node, path];
  }

  private during<T>(copy: ScalarNode, path: string[], work: () => T): T {
    const name = slashed(path);
    if (this.steps.some((step) => step.path === name)) throw this.circular(name, copy.at.value);
    if (this.steps.length >= YAML_LIMITS.depth) throw tooDeep(copy.at.value);
    this.steps.push({ path: name, at: copy.at.value });
    const result = work();
    this.steps.pop();
    return result;
  }

  /** A section that holds two copies of the one before it doubles with every line. */
  private checkSize(source: ConfNode, path: readonly string[], at: Position): void {
    const { values, depth } = sizeOf(source);
    if (path.length + depth > YAML_LIMITS.depth) throw tooDeep(at);
    this.copied += values;
    if (this.copied > YAML_LIMITS.values) {
      throw configError(at, `${KEY} brings more than ${YAML_LIMITS.values} values in all; use fewer copies of copies`);
    }
  }

  private circular(path: string, at: Position) {
    const first = this.steps.findIndex((step) => step.path === path);
    const loop = [...this.steps.slice(first).map((step) => step.path), path].join(" -> ");
    return configError(this.steps[first]?.at ?? at, `circular ${KEY}: ${loop}`);
  }
}

function addMissing(section: SectionNode, source: SectionNode): void {
  for (const [key, value] of source.entries) {
    const own = section.entries.get(key);
    if (own === undefined) section.entries.set(key, cloneNode(value));
    else if (own.kind === "section" && value.kind === "section") addMissing(own, value);
  }
}

function sizeOf(node: ConfNode): { values: number; depth: number } {
  let values = 1;
  let depth = 0;
  for (const [, child] of childrenOf(node)) {
    const size = sizeOf(child);
    values += size.values;
    depth = Math.max(depth, size.depth + 1);
  }
  return { values, depth };
}

function tooDeep(at: Position): ConfError {
  return configError(at, `${KEY} of copies more than ${YAML_LIMITS.depth} levels deep; name what is copied directly`);
}

function describe(node: ConfNode): string {
  if (node.kind === "section") return "a section";
  return node.kind === "list" ? "a list" : JSON.stringify(node.value);
}

function slashed(path: readonly string[]): string {
  return `/${path.join("/")}`;
}
