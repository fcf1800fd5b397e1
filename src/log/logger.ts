import type { LogSink } from "./sink.ts";
import { childTree, type LogTree, type LogValue, mergeInto, treeToYaml } from "./tree.ts";

type Values = { readonly [key: string]: LogValue };

type Level = "INFO" | "WARNING" | "ERROR";

/** Something that was logged, as plain data. */
export interface LogEntry {
  readonly level: Level;
  /** Keys of the sections around it. */
  readonly section: readonly (string | number)[];
  readonly message: string | Values;
}

/**
 * Structured log of a run, kept twice: `log.log` has a line per message, `log.yaml` a tree of all values by section,
 * epoch and step, as Archai users read them. Sections are entered with `pushd` and left with `popd`.
 *
 * Logging itself never waits. Lines go to the sink in the background; the tree is written by `flush` and `close`,
 * which also throw what went wrong in the background (for the Node sink SupernetError("io")).
 */
export class Logger {
  readonly #sink: LogSink;
  readonly #root: LogTree = new Map();
  readonly #path: { key: string | number; tree: LogTree }[] = [];
  #lines: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #scheduled = false;
  #failure: { error: unknown } | undefined;
  #treeChanged = false;
  #closed = false;
  #onEntry: ((entry: LogEntry) => void) | undefined;

  constructor(sink: LogSink) {
    this.#sink = sink;
  }

  /** Enters the section `key` below the current one; a section entered again is continued. */
  pushd(key: string | number): void {
    this.#path.push({ key, tree: childTree(this.#current(), key) });
  }

  /** Leaves the current section. Throws if there is none to leave. */
  popd(): void {
    if (!this.#path.pop()) throw new Error("Logger.popd without a pushd before it");
  }

  /** A sentence goes to log.log only; values go to log.log and, under the current section, to log.yaml. */
  info(message: string | Values): void {
    this.#record("INFO", message);
  }

  warn(message: string | Values): void {
    this.#record("WARNING", message);
  }

  error(message: string | Values): void {
    this.#record("ERROR", message);
  }

  /**
   * Does work, and yields what is logged meanwhile: below the current section, which the work leaves as it was. It is done
   * once at a time.
   */
  async recording<T>(work: () => Promise<T>): Promise<{ result: T; entries: LogEntry[] }> {
    const entries: LogEntry[] = [];
    const depth = this.#path.length;
    this.#onEntry = ({ section, ...rest }) => entries.push({ ...rest, section: section.slice(depth) });
    try {
      return { result: await work(), entries };
    } finally {
      this.#onEntry = undefined;
    }
  }

  /** Logs again what was recorded, below the current section. */
  replay(entries: readonly LogEntry[]): void {
    for (const { level, section, message } of entries) {
      for (const key of section) this.pushd(key);
      this.#record(level, message);
      for (const _ of section) this.popd();
    }
  }

  /** Resolves when all that was logged so far is in the sink. */
  async flush(): Promise<void> {
    this.#schedule();
    if (this.#treeChanged) {
      this.#treeChanged = false;
      const text = treeToYaml(this.#root);
      this.#enqueue(() => this.#sink.writeText("log.yaml", text));
    }
    await this.#writing;
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
  }

  /** Flushes; nothing may be logged afterwards. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return this.flush();
    this.#closed = true;
    await this.flush();
    await this.#sink.close?.();
  }

  #current(): LogTree {
    return this.#path.at(-1)?.tree ?? this.#root;
  }

  #record(level: Level, message: string | Values): void {
    if (this.#closed) throw new Error("Logger used after close");
    if (typeof message !== "string") {
      mergeInto(this.#current(), message);
      this.#treeChanged = true;
    }
    const keys = this.#path.map(({ key }) => key);
    this.#onEntry?.({ level, section: keys, message });
    const section = keys.join("/");
    const text = typeof message === "string" ? message : formatValues(message);
    this.#lines.push(`${timestamp(new Date())} ${[level, section, text].filter((part) => part !== "").join(" ")}\n`);
    this.#schedule();
  }

  /** Lines logged until the sink is ready for them go to it together. */
  #schedule(): void {
    if (this.#scheduled || this.#lines.length === 0) return;
    this.#scheduled = true;
    this.#enqueue(() => {
      const text = this.#lines.join("");
      this.#lines = [];
      this.#scheduled = false;
      return this.#sink.appendText("log.log", text);
    });
  }

  #enqueue(write: () => Promise<void>): void {
    this.#writing = this.#writing.then(write).catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }
}

function formatValues(values: Values): string {
  return Object.entries(values)
    .map(([key, value]) => `${key}=${formatValue(value)}`)
    .join(", ");
}

/** Numbers in full; lists and mappings as JSON would have them, but with NaN and infinities kept. */
function formatValue(value: LogValue): string {
  if (value === null || typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(formatValue).join(", ")}]`;
  return `{${formatValues(value)}}`;
}

function isList(value: LogValue): value is readonly LogValue[] {
  return Array.isArray(value);
}

/** Local time, as `2026-01-31 23:59:59,999`. */
function timestamp(time: Date): string {
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const date = [time.getFullYear(), pad(time.getMonth() + 1), pad(time.getDate())].join("-");
  const clock = [pad(time.getHours()), pad(time.getMinutes()), pad(time.getSeconds())].join(":");
  return `${date} ${clock},${pad(time.getMilliseconds(), 3)}`;
}
