/** Ends the process on Ctrl-C (or SIGTERM) after letting whoever asked for it save and clean up. */
type Cleanup = () => void | Promise<void>;

/** Cleaning up must not keep a user waiting: after this time the process ends anyway. */
const DEADLINE_MS = 1500;

const cleanups = new Set<Cleanup>();

/** Runs `cleanup` if the process is interrupted. Returns the function that takes it off again. */
export function onInterrupt(cleanup: Cleanup): () => void {
  cleanups.add(cleanup);
  return () => cleanups.delete(cleanup);
}

/** Installs the handlers; called once by the command line. Exit codes: 130 for Ctrl-C, 143 for SIGTERM. */
export function installInterrupt(): void {
  process.on("SIGINT", () => interrupt(130));
  process.on("SIGTERM", () => interrupt(143));
}

let interrupted = false;

async function interrupt(code: number): Promise<void> {
  // Impatient: the second Ctrl-C does not wait for anything.
  if (interrupted) process.exit(code);
  interrupted = true;
  setTimeout(() => process.exit(code), DEADLINE_MS);
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
