/** The longest pause between two looks at the device, in milliseconds. */
const LONGEST = 5;
/** A pause is this share of the time waited so far: nothing takes much longer for being waited for quietly. */
const SHARE = 0.02;

/** What to sleep on. Made when it is needed: browsers, which never wait like this, may not have shared memory. */
let cell: Int32Array<SharedArrayBuffer> | undefined;

/**
 * Waits for a promise of the device without keeping a processor busy. Dawn in Node polls from `setImmediate` without pause while
 * a promise of it is open, which takes a processor from an adapter that computes on the CPU: steps of lavapipe on two cores take
 * half as long again. So the thread is put to sleep between two polls; its timers and files wait for a few milliseconds.
 *
 * Node only. (https://dawn.googlesource.com/dawn/+/refs/heads/main/src/dawn/node: `AsyncRunner`; this file can go when that waits
 * for events.)
 */
export async function quietly<T>(pending: Promise<T>): Promise<T> {
  cell ??= new Int32Array(new SharedArrayBuffer(4));
  const sleepOn = cell;
  const started = performance.now();
  let open = true;
  const pause = () => {
    if (!open) return;
    Atomics.wait(sleepOn, 0, 0, Math.min(LONGEST, SHARE * (performance.now() - started)));
    setImmediate(pause);
  };
  setImmediate(pause);
  try {
    return await pending;
  } finally {
    open = false;
  }
}
