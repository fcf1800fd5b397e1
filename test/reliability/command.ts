import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";

const SUPERNET = join(import.meta.dirname, "../../bin/supernet.mjs");

/** Overrides for the smallest search and evaluation there are: a cell of one node, a few batches of drawn images. */
export const SMALLEST = [
  ["dataset.train_size", 64],
  ["dataset.test_size", 16],
  ...["search", "eval"].flatMap((phase) => [
    [`nas.${phase}.model_desc.n_cells`, 1],
    [`nas.${phase}.model_desc.n_reductions`, 0],
    [`nas.${phase}.model_desc.cell.n_nodes`, 1],
    [`nas.${phase}.loader.train_batch`, 8],
    [`nas.${phase}.loader.dataset.max_batches`, 3],
    [`nas.${phase}.trainer.epochs`, 1],
  ]),
].flatMap(([key, value]) => [`--${key}`, String(value)]);

const TICK_MS = 10;

export interface Ended {
  /** As shells report it: 128 + the signal for a process that died of one. */
  readonly code: number;
  readonly stdout: string;
  /** Without what Dawn and the driver say about the adapter. */
  readonly stderr: string;
  /** Whether it died of a signal, without the time to clean up. */
  readonly died: boolean;
  /**
   * Milliseconds from the last signal that reached it until it was gone; undefined where none did. Counted by this process's own
   * timer: on a machine that has too much to do, time in which nobody of us gets a turn is not the command's.
   */
  readonly endedAfter: number | undefined;
  /** Whether processes that it started outlive it. */
  readonly orphans: boolean;
}

/** The `supernet` command in a process, and a process group, of its own. */
export class Command {
  readonly ended: Promise<Ended>;
  /** When it was started, on `performance.now()`'s clock. */
  readonly started = performance.now();
  readonly #child: ChildProcess;
  #stdout = "";
  #stderr = "";
  #sinceSignal: { readonly timer: NodeJS.Timeout; ticks: number } | undefined;
  #onOutput = () => {};

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, [SUPERNET, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      detached: true,
    });
    this.#child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text;
      this.#onOutput();
    });
    this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text;
    });
    this.ended = this.#wait();
  }

  #wait(): Promise<Ended> {
    return new Promise((resolve, reject) => {
      let endedAfter: number | undefined;
      let orphans = false;
      this.#child.on("error", reject);
      this.#child.on("exit", () => {
        clearInterval(this.#sinceSignal?.timer);
        endedAfter = this.#sinceSignal && this.#sinceSignal.ticks * TICK_MS;
        orphans = isAlive(-this.#child.pid!);
      });
      this.#child.on("close", (exitCode, signal) => {
        const stderr = this.#stderr.replaceAll(/^(warning\b|mesa\b| {4}at .*\/dawn\/).*\n+/gim, "");
        const code = exitCode ?? 128 + constants.signals[signal!];
        resolve({ code, stdout: this.#stdout, stderr, died: signal !== null, endedAfter, orphans });
      });
    });
  }

  /** Resolves when the command has printed something, or has ended without. */
  async printed(text: string): Promise<void> {
    const seen = new Promise<void>((resolve) => {
      this.#onOutput = () => this.#stdout.includes(text) && resolve();
      this.#onOutput();
    });
    await Promise.race([seen, this.ended]);
  }

  /** @returns whether there was still a process to be sent it */
  kill(signal: NodeJS.Signals): boolean {
    if (!this.#child.kill(signal)) return false;
    clearInterval(this.#sinceSignal?.timer);
    const since = { timer: setInterval(() => since.ticks++, TICK_MS), ticks: 0 };
    this.#sinceSignal = since;
    return true;
  }

  /** Reads no more of what it prints, as `head` does when it has seen enough. */
  closeStdout(): void {
    this.#child.stdout!.destroy();
  }
}

/** @param pid of a process, or minus the id of a process group */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
