import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Conf, type ConfValue, loadConfig } from "../../src/config/index.ts";
import { caseNames, oraclePath, reportNone } from "./support.ts";

interface Case {
  case: string;
  spec: string;
  args: string[];
  options?: { resolve_redirects?: boolean };
  flags?: string[];
  resolved?: Conf;
  error?: string;
}

const folder = oraclePath("confs");
// Not with loadJson: numbers that JSON cannot hold stay strings here.
const cases: Case[] = caseNames("confs").includes("resolved")
  ? JSON.parse(readFileSync(join(folder, "resolved.json"), "utf8"))
  : [];
const files = { read: (path: string) => readFileSync(path, "utf8") };

function load(golden: Case, allowUnknown: boolean) {
  const spec = golden.spec
    .split(";")
    .map((name) => join(folder, "src", name.trim()))
    .join(";");
  const resolveCopies = golden.options?.resolve_redirects ?? true;
  return loadConfig(spec, { files, args: golden.args, allowUnknown, resolveCopies });
}

/** The golden files hold non-finite numbers as strings. */
function named(value: ConfValue): ConfValue {
  if (typeof value === "number" && !Number.isFinite(value)) {
    return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  }
  if (Array.isArray(value)) return value.map(named);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, named(child)]));
}

/** Throws unless `actual` holds everything `expected` does, with the same values; it may hold more keys. */
function expectHolds(actual: ConfValue | undefined, expected: ConfValue, path: string): void {
  if (expected === null || typeof expected !== "object" || Array.isArray(expected)) {
    expect(actual, path).toEqual(expected);
    return;
  }
  for (const [key, value] of Object.entries(expected)) expectHolds((actual as Conf)[key], value, `${path}/${key}`);
}

reportNone("confs", cases);

describe.each(cases)("confs: $case", (golden) => {
  const flags = golden.flags ?? [];

  if (golden.error !== undefined) {
    it("is an error", async () => {
      await expect(load(golden, false)).rejects.toMatchObject({ name: "SupernetError", code: "config" });
    });
    return;
  }

  it("resolves to the reference's tree", async () => {
    const { tree } = await load(golden, flags.includes("unknown_args"));
    const actual = named(tree);
    // There the reference leaves out what a section gets by a later `_copy`; here a copy brings all of it.
    if (flags.includes("forward_copy")) expectHolds(actual, golden.resolved!, "");
    else expect(actual).toEqual(golden.resolved);
  });

  if (flags.includes("unknown_args")) {
    it("is an error unless unknown arguments are allowed", async () => {
      await expect(load(golden, false)).rejects.toMatchObject({ name: "SupernetError", code: "config" });
    });
  }
});
