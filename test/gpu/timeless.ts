import type { EpochRecord } from "../../src/train/metrics.ts";

// What two runs of one training have in common to the bit: all but the times.

export function timelessEpoch({ train, val, ...rates }: EpochRecord) {
  const pass = ({ startTime: _, endTime: __, ...figures }: typeof train) => figures;
  return { train: pass(train), val: val && pass(val), ...rates };
}

/** The lines of a `log.log`. */
export const timelessLines = (log: string): string[] =>
  log
    .trim()
    .split("\n")
    .map((line) => line.slice("2026-01-31 23:59:59,999 ".length).replace(/\b(duration|step_time)=[^,]+/g, "$1"));
