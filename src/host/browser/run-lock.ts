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

async function heldLocks(): Promise<string[]> {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.flatMap(({ name }) => (name?.startsWith(LOCK) ? name : []));
}

/** Names of the runs of this origin that go on. */
export async function runsHeld(): Promise<ReadonlySet<string>> {
  return new Set((await heldLocks()).map((name) => name.slice(LOCK.length)));
}

/** Tells whenever one of the runs that go on now has ended: a tab that is closed has its run for a moment yet. */
export async function onRunsFreed(tell: () => void): Promise<void> {
  for (const name of await heldLocks()) void navigator.locks.request(name, { mode: "shared" }, tell);
}
