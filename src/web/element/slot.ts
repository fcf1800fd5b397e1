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
 */
export async function takeSlot(base: string): Promise<Slot> {
  if (!("locks" in navigator)) return { name: base, release() {} };
  for (let count = 1; ; count++) {
    const name = count === 1 ? base : `${base}-${count}`;
    const release = await tryLock(`supernet-slot-${name}`);
    if (release) return { name, release };
  }
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
