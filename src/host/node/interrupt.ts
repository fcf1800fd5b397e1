import { constants } from "node:os";

/** Ends the process on Ctrl-C (or SIGTERM) after letting whoever asked for it save and clean up. */
type Cleanup = () => void | Promise<void>;

/** Cleaning up must not keep a user waiting: after this time the process ends anyway. */
const DEADLINE_MS = 1200;

const cleanups = new Set<Cleanup>();

/** Runs `cleanup` if the process is interrupted. Returns the function that takes it off again. */
export function onInterrupt(cleanup: Cleanup): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/**
 * Installs the handlers; called once by the command line. The process ends with code 130 on Ctrl-C and 143 on SIGTERM; where
 * cleaning up takes too long, by the signal itself, which shells report as the same codes.
 */
export function installInterrupt(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const code = 128 + constants.signals[signal];
    process.on(signal, () => endProcess(code, signal));
  }
}

let ending = false;

/** Whether the process is about to end by itself: what fails then has been cut off. */
export const isEnding = (): boolean => ending;

/**
 * Ends the process after cleaning up.
 * @param signal what to die of if that takes too long, or if this is called again
 */
export async function endProcess(code: number, signal: NodeJS.Signals): Promise<void> {
  // Impatient: the second Ctrl-C does not wait for anything.
  if (ending) dieOf(signal);
  ending = true;
  setTimeout(() => dieOf(signal), DEADLINE_MS);
  // Last registered, first cleaned up: a log is closed after what still writes to it.
  for (const cleanup of [...cleanups].reverse()) {
    try {
      await cleanup();
    } catch (error) {
      process.stderr.write(`while ending: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  process.exit(code);
}

/**
 * Ends the process at once. `process.exit` would end its threads first, and Dawn aborts the process when a thread ends in which
 * the device still works.
 */
function dieOf(signal: NodeJS.Signals): void {
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}
