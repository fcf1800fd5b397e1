import { SupernetError } from "../errors.ts";
import { resolveCopies } from "./copies.ts";
import { configError, formatPosition } from "./errors.ts";
import { expandPath, type Variables } from "./expand.ts";
import { mergeInto } from "./merge.ts";
import { type ConfNode, cloneNode, emptySection, type SectionNode, toConf, toPlaces } from "./node.ts";
import { applyOverrides } from "./overrides.ts";
import { parseYaml } from "./parse.ts";
import { normalizeFile, resolveFile } from "./paths.ts";
import type { Conf, FileReader, Places, Position } from "./types.ts";

const INCLUDE = "__include__";

/** A file may be included twice, which doubles with every file that does so. */
const MOST_FILES = 200;

export interface LoadOptions {
  /** Reads the conf files and what they include. */
  files: FileReader;
  /** Overrides as on a command line: `["--nas.search.trainer.epochs", "3"]`; `--path=value` works too. */
  args?: readonly string[];
  /** Skip overrides that name nothing in the conf, as Archai does, instead of failing. */
  allowUnknown?: boolean;
  /** False reads no file that an `__include__` names, for a conf that has been resolved before. */
  includes?: boolean;
  /** False leaves every `_copy` as it is written. */
  resolveCopies?: boolean;
  /** Variables for `$name` and `~` in names of conf files. Values of the conf are not expanded: see `expandVars`. */
  env?: Variables;
}

export interface LoadedConf {
  /** The resolved conf as plain data. `__include__` entries stay in it, as in Archai. */
  tree: Conf;
  /** Where each entry of `tree` was written. */
  places: Places;
  /** The same with types and places attached; `toYaml` prints it. */
  root: SectionNode;
  /** Every file read, in order. */
  files: string[];
}

/**
 * Loads a conf with Archai's semantics: the files of `spec` (joined by `;`) with what they include, later values over
 * earlier ones, then the overrides, then the copies.
 *
 * @param spec one or more file names joined by `;`
 * @throws SupernetError "io" for a file that cannot be read, "config" for anything wrong in one; the message starts with
 *   file:line:col
 */
export async function loadConfig(spec: string, options: LoadOptions): Promise<LoadedConf> {
  const names = spec.split(";").map((name) => name.trim());
  const files: string[] = [];
  const root = emptySection();
  for (const name of names.filter((part) => part !== "")) {
    await loadFile(normalizeFile(expandPath(name, options.env ?? {})), root, files, [], options);
  }
  if (files.length === 0) throw new SupernetError("config", "no conf file was named");
  const copy = options.resolveCopies ?? true;
  if (options.args !== undefined && options.args.length > 0) {
    const resolved = cloneNode(root);
    if (copy) resolveCopies(resolved);
    applyOverrides(root, resolved, options.args, options.allowUnknown ?? false);
  }
  if (copy) resolveCopies(root);
  return { tree: toConf(root), places: toPlaces(root), root, files };
}

async function loadFile(
  file: string,
  into: SectionNode,
  files: string[],
  including: readonly string[],
  options: LoadOptions,
  includedAt?: Position,
): Promise<void> {
  if (including.includes(file)) {
    const loop = [...including.slice(including.indexOf(file)), file].join(" -> ");
    throw configError(includedAt!, `circular ${INCLUDE}: ${loop}`);
  }
  if (files.length >= MOST_FILES) {
    const message = `more than ${MOST_FILES} files are included, repetitions counted; include each of them once`;
    throw includedAt === undefined ? new SupernetError("config", message) : configError(includedAt, message);
  }
  let text: string;
  try {
    text = await options.files.read(file);
  } catch (cause) {
    const where = includedAt === undefined ? "" : `${formatPosition(includedAt)}: `;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = cause instanceof SupernetError ? reason : `cannot read ${file}: ${reason}`;
    throw new SupernetError("io", where + message, { cause });
  }
  files.push(file);
  const section = parseYaml(text, file);
  for (const include of options.includes === false ? [] : includesOf(section)) {
    const name = resolveFile(file, expandPath(include.name, options.env ?? {}));
    await loadFile(name, into, files, [...including, file], options, include.at);
  }
  mergeInto(into, section);
}

function includesOf(section: SectionNode): { name: string; at: Position }[] {
  const include = section.entries.get(INCLUDE);
  if (include === undefined) return [];
  const items: ConfNode[] = include.kind === "list" ? include.items : [include];
  return items.map((item) => {
    if (item.kind === "scalar" && item.type === "string") return { name: String(item.value), at: item.at.value };
    throw configError(item.at.value, `${INCLUDE} needs a file name or a list of file names`);
  });
}
