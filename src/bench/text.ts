import type { BenchLine } from "./line.ts";
import type { Peaks } from "./peaks.ts";
import { type DispatchTime, familyTimes, type Profile } from "./profile.ts";

/** Rows of cells as lines of text. One column is text and stands on the left, the others are numbers. */
function table(rows: readonly (readonly string[])[], textColumn: number): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const cell = (text: string, at: number) =>
    at === textColumn ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
  return rows.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}

/**
 * A run for people: a field a line, beside it the baseline and their ratio.
 * @param old what the run is compared with
 */
export function lineText(line: BenchLine, old?: BenchLine): string {
  const rows = Object.entries(line).map(([field, value]) => {
    const before = old?.[field as keyof BenchLine];
    const compared = typeof value === "number" && typeof before === "number";
    return [field, shown(value), ...(compared ? [shown(before), ratio(value, before)] : [])];
  });
  return table(old ? [["", "now", "baseline", "now / baseline"], ...rows] : rows, 0);
}

function shown(value: BenchLine[keyof BenchLine]): string {
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 6 });
  return typeof value === "string" ? value : (value ?? []).join(", ");
}

const ratio = (value: number, before: number) => (before === 0 ? "" : (value / before).toFixed(3));

/** What an amount is per second of these milliseconds, in 10^9, and as a share of a peak. */
function rate(amount: number, milliseconds: number, peak: number): [string, string] {
  if (amount === 0 || milliseconds === 0) return ["", ""];
  const perSecond = amount / milliseconds / 1e6;
  return [perSecond.toFixed(1), percent(perSecond / peak)];
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

const RATES = ["GFLOP/s", "of peak", "GB/s", "of copy"];

const rates = (
  { flops, bytes, milliseconds }: Pick<DispatchTime, "flops" | "bytes" | "milliseconds">,
  { gflops, gigabytes }: Peaks,
) => [...rate(flops, milliseconds, gflops), ...rate(bytes, milliseconds, gigabytes)];

/** A profile summed per kernel family, longest first, with rates and their shares of the peaks. */
export function familiesText({ clock, dispatches }: Profile, peaks: Peaks): string {
  const families = familyTimes(dispatches);
  const total = families.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = families.map((family) => [
    family.milliseconds.toFixed(2),
    percent(family.share),
    String(family.dispatches),
    ...rates(family, peaks),
    family.family,
  ]);
  const by = clock === "timestamps" ? "timestamps of the device" : "wall time of a submit each: no timestamps here";
  return (
    table([["ms", "share", "dispatches", ...RATES, "kernel"], ...rows], 7) +
    `${total.toFixed(1)} ms in ${dispatches.length} dispatches, each on its own (${by}); ` +
    `peaks: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gigabytes.toFixed(1)} GB/s\n`
  );
}

/** Single dispatches, longest first, with the module each is for. */
export function dispatchesText({ dispatches }: Profile, peaks: Peaks): string {
  const sorted = [...dispatches].sort((a, b) => b.milliseconds - a.milliseconds);
  const rows = sorted.map((dispatch) => [
    dispatch.milliseconds.toFixed(3),
    ...rates(dispatch, peaks),
    `${dispatch.family}  ${dispatch.module}`,
  ]);
  return table([["ms", ...RATES, "kernel, module"], ...rows], 5);
}
