/**
 * Does work under a signal that is aborted with the first of several, by the same reason. Nothing of it is left on them, which may
 * live long and see a lot of work; what `AbortSignal.any` leaves there goes when the garbage collector finds it.
 */
export async function underJoinedSignal<T>(
  signals: readonly (AbortSignal | undefined)[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const joined = new AbortController();
  const follow = signals.flatMap((signal) => (signal ? [{ signal, abort: () => joined.abort(signal.reason) }] : []));
  for (const { signal, abort } of follow) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort);
  }
  try {
    return await work(joined.signal);
  } finally {
    for (const { signal, abort } of follow) signal.removeEventListener("abort", abort);
  }
}
