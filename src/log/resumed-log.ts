import type { FileTree } from "../host/files.ts";
import type { LogSink } from "./sink.ts";

/**
 * Log files in a folder, for a run that does again what an earlier one did before it was cut off. Lines that are logged again stay
 * as they are, with their times; from the first line that says something else on, the new ones take the place of the old. So the
 * log ends as that of a run that was never cut off. Its methods throw SupernetError("io").
 */
export function resumedLogSink(files: FileTree, folder: string): LogSink {
  const logs = new Map<string, Promise<ResumedText>>();
  const logOf = (name: string) => {
    const known = logs.get(name) ?? ResumedText.open(files, `${folder}/${name}`);
    logs.set(name, known);
    return known;
  };
  return {
    writeText: (name, text) => files.writeFile(`${folder}/${name}`, text),
    appendText: async (name, text) => (await logOf(name)).append(text),
    close: async () => {
      for (const log of logs.values()) await (await log).close();
    },
  };
}

class ResumedText {
  readonly #files: FileTree;
  readonly #path: string;
  readonly #before: readonly string[];
  /** Lines of before that were logged again; all that matter once something else is logged. */
  #again = 0;
  #parted = false;

  private constructor(files: FileTree, path: string, before: readonly string[]) {
    this.#files = files;
    this.#path = path;
    this.#before = before;
  }

  static async open(files: FileTree, path: string): Promise<ResumedText> {
    const text = (await files.exists(path)) ? await files.readText(path) : "";
    return new ResumedText(files, path, linesOf(text));
  }

  async append(text: string): Promise<void> {
    if (this.#parted) return this.#files.appendText(this.#path, text);
    const lines = linesOf(text);
    const other = lines.findIndex((line, i) => !sameButTime(line, this.#before[this.#again + i]));
    this.#again += other < 0 ? lines.length : other;
    if (other >= 0) await this.#part(lines.slice(other));
  }

  /** What was logged before, and is not logged again, did not happen: an error that ended the earlier run. */
  async close(): Promise<void> {
    if (!this.#parted && this.#again < this.#before.length) await this.#part([]);
  }

  #part(lines: readonly string[]): Promise<void> {
    this.#parted = true;
    return this.#files.writeFile(this.#path, [...this.#before.slice(0, this.#again), ...lines].join(""));
  }
}

/** With their line ends. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** As the logger writes it. */
const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} /;

const sameButTime = (line: string, before: string | undefined) => line.replace(TIME, "") === before?.replace(TIME, "");
