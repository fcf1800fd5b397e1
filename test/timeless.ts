import type { EpochRecord } from "../src/train/metrics.ts";

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

const TIMES = [
  "startTime",
  "endTime",
  "start_time",
  "end_time",
  "_step_start_time",
  "duration",
  "step_time",
  "inference_duration",
  "seconds",
];

/** A text file of a run without its times. @param name its path below the folder of the runs */
export function timelessFile(name: string, text: string): string {
  if (name.endsWith("/resume.json")) return timelessRecord(text);
  if (name.endsWith(".tsv")) return timelessTable(text);
  const keys = TIMES.join("|");
  return (
    text
      // log.log
      .replaceAll(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /gm, "")
      .replaceAll(new RegExp(`\\b(${keys})=[^,\\n]+`, "g"), "$1")
      // YAML: numbers, and averages of numbers
      .replaceAll(new RegExp(`^([- ]*)(${keys}): [-\\d.e]+$`, "gm"), "$1$2")
      .replaceAll(/^( *)step_time:\n(\1 .*\n)+/gm, "$1step_time\n")
      // run.json: a run that was cut off knows of no seconds
      .replaceAll(/^ *"(started|ended)": \d+,\n/gm, "")
      .replaceAll(/,\n *"seconds": [\d.e-]+/g, "")
      .replaceAll(/\b\d+\.\d s\b/g, "s")
      // Latencies are the last column of a sweep's report.
      .replaceAll(/(?<=latency in ms.*) +\d+\.\d\d(?=\\n)/g, " ms")
  );
}

/** A table without its columns of times. */
function timelessTable(text: string): string {
  const rows = text.split("\n").map((row) => row.split("\t"));
  const times = rows[0]!.flatMap((head, column) => (/seconds|duration|time/.test(head) ? [column] : []));
  return rows.map((row) => row.filter((_, column) => !times.includes(column)).join("\t")).join("\n");
}

/** What is kept of a phase: who asked for it last may have asked for something else. */
function timelessRecord(text: string): string {
  const { request: _, sha256: __, ended, ...kept } = JSON.parse(text);
  return timelessFile("ended", JSON.stringify({ ...kept, ended }, null, 1));
}
