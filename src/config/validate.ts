import type { z } from "zod";
import { ConfError, type ConfIssue } from "./errors.ts";
import { nearestName, suggest } from "./nearest.ts";
import { choicesOf, describeSchema, keysOf, schemaAt } from "./schema/describe.ts";
import { type ExperimentConf, experimentSchema } from "./schema/experiment.ts";
import type { Conf, ConfValue, Places, Position } from "./types.ts";

/**
 * Checks a resolved conf against the schema of experiments and fills in defaults.
 *
 * @param places where the conf's entries were written, from `loadConfig`; without it messages name the key alone
 * @throws SupernetError "config" listing every unknown key (with the nearest valid name), wrong type, value out of range
 *   and missing key, one a line, each with file:line:col
 */
export function parseExperimentConf(tree: Conf, places?: Places): ExperimentConf {
  const result = experimentSchema.safeParse(tree, { reportInput: true });
  if (result.success) return result.data;
  throw report(result.error.issues, tree, places);
}

/**
 * {@link parseExperimentConf} for those who only want to know.
 *
 * @param options partial: the conf is to be laid over another one, so nothing in it is missing
 */
export function validateConf(tree: Conf, places?: Places, options: { partial?: boolean } = {}): void {
  const { issues = [] } = experimentSchema.safeParse(tree, { reportInput: true }).error ?? {};
  const counted = options.partial ? issues.filter(({ path }) => valueAt(tree, path.map(String)) !== undefined) : issues;
  if (counted.length > 0) throw report(counted, tree, places);
}

/** True for the conf of an experiment: one that describes a model to search or evaluate. */
export function isExperimentConf(tree: Conf): boolean {
  return ["search", "eval"].some((phase) => isSection(valueAt(tree, ["nas", phase, "model_desc"])));
}

function report(issues: readonly z.core.$ZodIssue[], tree: Conf, places: Places = new Map()): ConfError {
  return new ConfError(issues.flatMap((issue) => confIssues(issue, tree, places)));
}

function confIssues(issue: z.core.$ZodIssue, tree: Conf, places: Places): ConfIssue[] {
  const path = issue.path.map(String);
  const schema = schemaAt(experimentSchema, path);
  if (issue.code === "unrecognized_keys") {
    const valid = keysOf(schema).filter((key) => !key.startsWith("_"));
    return issue.keys.map((key) => {
      const full = [...path, key];
      const message = `unknown key ${full.join(".")}; ${suggest(key, valid)}`;
      return { message, at: place(full, places, "key") };
    });
  }
  const value = valueAt(tree, path);
  const name = path.join(".");
  if (value === undefined) {
    const at = place(path.slice(0, -1), places, "key");
    return [{ message: `${name} is missing; it needs ${describeSchema(schema)}`, at }];
  }
  const at = place(path, places, "value");
  const bound = boundOf(issue);
  if (bound) return [{ message: `${name}: ${range(bound)}, got ${show(value)}`, at }];
  const hint = numberHint(value, schema) || choiceHint(value, schema);
  return [{ message: `${name}: expected ${describeSchema(schema)}, got ${show(value)}${hint}`, at }];
}

type Bound = z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig;

/** The bound that a value is beyond, also where it might have been something else than a number. */
function boundOf(issue: z.core.$ZodIssue): Bound | undefined {
  if (issue.code === "too_small" || issue.code === "too_big") return issue;
  return issue.code === "invalid_union" ? issue.errors.flat().map(boundOf).find(Boolean) : undefined;
}

function range(issue: Bound): string {
  const [bound, word] = issue.code === "too_small" ? [issue.minimum, "least"] : [issue.maximum, "most"];
  if (issue.origin === "array") return `expected ${issue.exact ? "exactly" : `at ${word}`} ${bound} items`;
  if (issue.inclusive === false) return `must be ${word === "least" ? "above" : "below"} ${bound}`;
  return `must be at ${word} ${bound}`;
}

/** 1e-3 is text to YAML 1.1, which is the likeliest reason for text where a number belongs. */
function numberHint(value: ConfValue, schema: z.core.$ZodType | undefined): string {
  if (typeof value !== "string" || value.trim() === "" || !Number.isFinite(Number(value))) return "";
  if (!/number|integer/.test(describeSchema(schema))) return "";
  const [, digits, fraction, sign, exponent] = /^([-+]?\d+)(\.\d*)?e([-+]?)(\d+)$/i.exec(value) ?? [];
  if (digits === undefined) return "; write it without quotes";
  return `; YAML 1.1 reads it as text, write ${digits}${fraction ?? ".0"}e${sign || "+"}${exponent}`;
}

function choiceHint(value: ConfValue, schema: z.core.$ZodType | undefined): string {
  const nearest = typeof value === "string" ? nearestName(value, choicesOf(schema)) : undefined;
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

function place(path: readonly string[], places: Places, part: "key" | "value"): Position | undefined {
  for (let length = path.length; length > 0; length--) {
    const found = places.get(path.slice(0, length).join("."));
    if (found !== undefined && found[part].file !== "") return found[part];
  }
  return undefined;
}

function valueAt(tree: ConfValue, path: readonly string[]): ConfValue | undefined {
  let value: ConfValue | undefined = tree;
  for (const part of path) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, part)) return undefined;
    value = (value as Conf)[part];
  }
  return value;
}

function isSection(value: ConfValue | undefined): value is Conf {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

function show(value: ConfValue): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (isSection(value)) return "a section";
  return typeof value === "string" ? `the text ${JSON.stringify(value)}` : String(value);
}
