/**
 * A name that no other living instance has, in this tab or another of this origin: `base`, `base-2`, … Instances that
 * follow one another reuse names, and with them the room that their files take.
 */
export interface Slot {
  readonly name: string;
  release(): void;
}

/**
 * Takes the first free name. It is free again after `release`, or when the tab is closed. Pages without locks, as on plain
 * http, cannot tell what is free: every instance there is named `base`.
 * @param avoided names that are not taken though they be free
 */
export async function takeSlot(base: string, avoided: ReadonlySet<string> = new Set()): Promise<Slot> {
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    const slot = avoided.has(name) ? undefined : await takeNamed(name);
    if (slot) return slot;
  }
}

/** Takes a name if it is free. */
export async function takeNamed(name: string): Promise<Slot | undefined> {
  if (!("locks" in navigator)) return { name, release() {} };
  const release = await tryLock(`supernet-slot-${name}`);
  return release && { name, release };
}

function tryLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    const held = navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      if (!lock) {
        resolve(undefined);
        return undefined;
      }
      return new Promise<void>((release) => resolve(release));
    });
    held.catch(reject);
  });
}
