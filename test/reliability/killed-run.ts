import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

// `supernet run` as users start it, which ends at exact moments (kill-at.mjs), and what it leaves, times aside.

const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");
const PRELOADED = join(import.meta.dirname, "kill-at.mjs");

export interface Ended {
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Without what Dawn and the driver say about the adapter. */
  readonly stderr: string;
}

export interface RunOptions {
  /** Ends it there with SIGKILL, see kill-at.mjs. */
  readonly killAt?: string;
  /** A file that gets all moments it passes. */
  readonly momentsTo?: string;
}

/** Runs the command to its end. @param logdir folder of its runs */
export function supernetRun(logdir: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { killAt = "", momentsTo = "" } = options;
  const env = { ...process.env, MOMENTS_ROOT: logdir, KILL_AT: killAt, MOMENTS_TO: momentsTo };
  return new Promise((resolve, reject) => {
    const command = ["--import", PRELOADED, SUPERNET, "run", "--common.logdir", logdir, ...args];
    const child = spawn(process.execPath, command, { env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const own = stderr.replaceAll(/^(Warning|mesa)\b.*\n/gim, (line) => (line.startsWith("warning: ") ? line : ""));
      resolve({ code, signal, stdout, stderr: own.replaceAll(logdir, "LOGDIR") });
    });
  });
}

/** All files below a folder, temporary ones too, by their paths: texts without times, and hashes of the others. */
export async function contentOf(folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  if (!existsSync(folder)) return content;
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.sort()) {
    const bytes = await readFile(path);
    const name = path.slice(folder.length + 1);
    const isText = /\.(yaml|json|log|tsv|svg)$/.test(name);
    content.set(name, isText ? timeless(name, bytes.toString().replaceAll(folder, "LOGDIR")) : hash(bytes));
  }
  return content;
}

export const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

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

/** A text of a run without its times. */
function timeless(name: string, text: string): string {
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
  return timeless("ended", JSON.stringify({ ...kept, ended }, null, 1));
}
