import { SupernetError } from "../errors.ts";
import type { BenchLine } from "./line.ts";

/** Lines of earlier runs, the last of each workload on each adapter. */
export type Baseline = readonly BenchLine[];

/** @throws SupernetError("io") when the text is not a list of lines */
export function parseBaseline(text: string, file: string): Baseline {
  let lines: unknown;
  try {
    lines = JSON.parse(text);
  } catch (cause) {
    throw new SupernetError("io", `${file} is not JSON: restore it, or write it anew with --save-baseline`, { cause });
  }
  const good = (line: unknown): line is BenchLine =>
    typeof line === "object" && line !== null && "workload" in line && "adapter" in line;
  if (Array.isArray(lines) && lines.every(good)) return lines;
  throw new SupernetError("io", `${file} is not a list of lines of the benchmark: restore it from version control`);
}

const same = (a: BenchLine, b: BenchLine) => a.workload === b.workload && a.adapter === b.adapter;

/** The line of the same workload on the same adapter. */
export const baselineOf = (baseline: Baseline, line: BenchLine): BenchLine | undefined =>
  baseline.find((old) => same(old, line));

/** The baseline with `line` in place of its predecessor, one line of text each so that a change is easy to read. */
export function withLine(baseline: Baseline, line: BenchLine): string {
  const others = baseline.filter((old) => !same(old, line));
  const sorted = [...others, line].sort((a, b) => compare(a.adapter, b.adapter) || compare(a.workload, b.workload));
  return `${JSON.stringify(sorted, null, 2)}\n`;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
