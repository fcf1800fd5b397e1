import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DartsModelDescBuilder } from "../../../src/algos/darts/builder.ts";
import { modelDescToArchaiYaml } from "../../../src/desc/archai-yaml.ts";
import { modelDescFromJson, modelDescToJson } from "../../../src/desc/json.ts";
import type { ModelDesc } from "../../../src/desc/model-desc.ts";
import { modelDescToYaml, parseModelDesc } from "../../../src/desc/yaml.ts";
import { modelStats } from "../../../src/models/stats.ts";
import { MODEL_DESC } from "../../model-desc-conf.ts";
import { damagedText, outcomes, read } from "./support.ts";

const tiny = { ...MODEL_DESC, n_cells: 3, n_reductions: 1, cell: { ...MODEL_DESC.cell, n_nodes: 1 } };
const built = new DartsModelDescBuilder().build(tiny);
const json = modelDescToJson(built);
const archai = readFileSync(join(import.meta.dirname, "../../oracle/data/log/search.final_model_desc.yaml"), "utf8");

const WORDS = [
  "&id001 ",
  "*id001",
  "*x",
  "<<: *id001\n",
  "- ",
  "[",
  "]",
  "{",
  "}",
  "? ",
  ": ",
  "\n",
  "\t",
  "  ",
  "#",
  "'",
  '"',
  "|\n",
  "null",
  "-1",
  "0",
  "1e99",
  ".nan",
  "99999999999999999999",
  "!!binary ",
  "!!timestamp 2001-01-01",
  "!!omap ",
  "!!set ",
  "!!python/tuple ",
  "!!python/object/apply:os.system\n- x",
  "!!python/object/apply:collections.OrderedDict\n",
  "!!python/object:archai.nas.model_desc.ModelDesc ",
  "!!python/object:archai.common.config.Config ",
  "__proto__: ",
  "toString: ",
  "legacy: ",
  "conv_params: ",
  "children: ",
  "2001-01-01",
  "\u0000",
];

/** Reads a description: if it is one, it is read again from all that is written of it, and builds a network or is refused. */
async function survives(reading: () => ModelDesc): Promise<"read" | "refused"> {
  const desc = await read(["desc"], reading);
  if (desc === undefined) return "refused";
  expect(parseModelDesc(modelDescToYaml(desc), "own.yaml")).toEqual(desc);
  expect(parseModelDesc(modelDescToArchaiYaml(desc), "archai.yaml")).toEqual(desc);
  expect(modelDescFromJson(modelDescToJson(desc))).toEqual(desc);
  await read(["desc", "graph"], () => modelStats(desc, { height: 8, width: 8, affine: true }));
  return "read";
}

/** Every place of a value in plain data. */
function placesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => placesOf(item, [...path, key]))];
}

const places = placesOf(json);

/** What nobody would write where it stands. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    "",
    "x",
    -1,
    0,
    1,
    2,
    7,
    1.5,
    1e9,
    2 ** 53 - 1,
    1e300,
    -0,
    Number.NaN,
    Infinity,
    [],
    {},
    [[]],
  ),
  fc.constantFrom(
    "none",
    "skip_connect",
    "mixed_op",
    "toString",
    "__proto__",
    "constructor",
    "regular",
    "=",
    "<<",
    "1e5",
    "~",
    "2001-01-01",
  ),
  fc.string({ unit: "grapheme", maxLength: 5 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom(...places).map((path) => at(json, path)),
  fc.dictionary(
    fc.constantFrom("__proto__", "toString", "name", "in_len", "n_ch", "nCh", "children", "a: b", "", "<<", "1"),
    fc.jsonValue({ maxDepth: 1 }),
  ),
);

const at = (value: unknown, path: readonly string[]): unknown =>
  path.reduce((inner, key) => (inner as Record<string, unknown>)[key], value);

/** A copy with another value at a place; an absent value removes it. */
function replaced(value: unknown, [key, ...rest]: readonly string[], by: unknown): unknown {
  if (key === undefined) return by;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === key ? replaced(item, rest, by) : item));
  const entries = Object.entries(value).map(
    ([name, item]) => [name, name === key ? replaced(item, rest, by) : item] as const,
  );
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

const changed = fc
  .array(fc.tuple(fc.constantFrom(...places), fc.option(odd, { nil: undefined, freq: 8 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((changes) => changes.reduce<unknown>((before, [path, by]) => replaced(before, path, by), json));

describe("model description", () => {
  it("our YAML, damaged", () =>
    outcomes(
      damagedText(fc.constant(modelDescToYaml(built)), WORDS),
      (text) => survives(() => parseModelDesc(text, "x.yaml")),
      80,
    ));
  it("Archai's YAML, damaged", () =>
    outcomes(
      damagedText(fc.constantFrom(archai, modelDescToArchaiYaml(built)), WORDS),
      (text) => survives(() => parseModelDesc(text, "x.yaml")),
      60,
    ));
  it("JSON with other values here and there", () =>
    outcomes(changed, (value) => survives(() => modelDescFromJson(value)), 200));
});
