import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { timelessFile } from "../timeless.ts";

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
    content.set(name, isText ? timelessFile(name, bytes.toString().replaceAll(folder, "LOGDIR")) : hash(bytes));
  }
  return content;
}

export const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
