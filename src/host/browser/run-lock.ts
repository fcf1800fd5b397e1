import { SupernetError } from "../../errors.ts";

/** Begins the names of the locks by which one tab, or one element of a page, has a run for itself. */
const LOCK = "supernet run ";

/**
 * Does `work` with a run that nobody else has meanwhile.
 * @throws SupernetError("config") where somebody has it
 */
export function aloneWith<T>(run: string, work: () => Promise<T>): Promise<T> {
  // Pages that are not secure have no locks; nor have they files.
  if (!navigator.locks) return work();
  return navigator.locks.request(LOCK + run, { ifAvailable: true }, (lock) => {
    if (lock) return work();
    throw new SupernetError(
      "config",
      `${run} is running in another tab or element: stop it there, or give this run another prefix`,
    );
  });
}

/** Names of the runs of this origin that go on. */
export async function runsHeld(): Promise<ReadonlySet<string>> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  // Whoever only waits for its end shares the lock, and has it for a moment.
  const runs = held.flatMap(({ name, mode }) => {
    return mode === "exclusive" && name?.startsWith(LOCK) ? name.slice(LOCK.length) : [];
  });
  return new Set(runs);
}

/** Resolves when nobody has the run. */
export async function runFreed(run: string): Promise<void> {
  await navigator.locks.request(LOCK + run, { mode: "shared" }, () => undefined);
}
