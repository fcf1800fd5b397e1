import { writeFileSync } from "node:fs";
import { basename } from "node:path";
import type { Reporter, TestCase, TestModule } from "vitest/node";
import type { Tally } from "./damage.ts";

/**
 * Vitest's reporter of `npm run test:reliability`: sums up what the tests did by kind of damage and prints the table, and writes it
 * as Markdown to the file that RELIABILITY_MARKDOWN names.
 */
export default class DamageTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const inOrder = [...modules].sort((a, b) => (a.moduleId < b.moduleId ? -1 : 1));
    const tallies = sum(inOrder.flatMap((module) => [...module.children.allTests()].flatMap(damageOf)));
    process.stdout.write(`${asText(tallies)}\n`);
    const file = process.env.RELIABILITY_MARKDOWN;
    if (file) writeFileSync(file, asMarkdown(tallies));
  }
}

type Row = readonly [kind: string, tally: Tally];

function damageOf(test: TestCase): Row[] {
  const { damage } = test.meta();
  if (damage) return Object.entries(damage);
  const { state } = test.result();
  const file = test.module.relativeModuleId;
  const kind = file.startsWith(FUZZ) ? inputKind(file) : ONE_CASE_A_TEST[file];
  if (kind === undefined || state === "skipped") return [];
  return [[kind, { tried: 1, survived: state === "passed" ? 1 : 0 }]];
}

/** Where tests make no series of cases, they are one case each. */
const FUZZ = "test/unit/fuzz/";
const ONE_CASE_A_TEST: Readonly<Record<string, string>> = {
  "test/browser/decode.test.ts": "input: images in a browser",
  "test/browser/hostile.test.ts": "names, links and pages that mean harm",
};

/** The row of a file of tests in `test/unit/fuzz`. */
export const inputKind = (file: string): string => `input: ${basename(file, ".test.ts")}`;

/** One row for each kind, in order of their first appearance. */
export function sum(rows: readonly Row[]): Map<string, Tally> {
  const sums = new Map<string, Tally>();
  for (const [kind, { tried, survived }] of rows) {
    const before = sums.get(kind) ?? { tried: 0, survived: 0 };
    sums.set(kind, { tried: before.tried + tried, survived: before.survived + survived });
  }
  return sums;
}

const HEAD = ["kind of damage", "cases tried", "survived", "lost"];

const cells = (tallies: ReadonlyMap<string, Tally>): string[][] =>
  [...tallies].map(([kind, { tried, survived }]) => [
    kind,
    ...[tried, survived, tried - survived].map((count) => count.toLocaleString("en")),
  ]);

export function asText(tallies: ReadonlyMap<string, Tally>): string {
  const rows = [HEAD, ...cells(tallies)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = ([kind, ...counts]: string[]) =>
    [kind!.padEnd(widths[0]!), ...counts.map((count, index) => count.padStart(widths[index + 1]!))].join("  ");
  return ["", ...rows.map(line), ""].join("\n");
}

export function asMarkdown(tallies: ReadonlyMap<string, Tally>): string {
  const rows = [HEAD, ["---", "--:", "--:", "--:"], ...cells(tallies)];
  return rows.map((row) => `| ${row.join(" | ")} |\n`).join("");
}
