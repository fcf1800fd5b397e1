/**
 * Which tensors may share a buffer. All lifetimes are known when a program is compiled, so buffers ("slots") are chosen
 * once: a tensor takes a slot whose last tenant is dead, the one that has to grow least, else a new slot.
 */

/** A request for storage that lives from step `first` to step `last`, both included. */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface Plan {
  /** Slot of each request, by its index. */
  readonly slotOf: readonly number[];
  readonly slotBytes: readonly number[];
}

/** Greedy by time, best fit by growth; deterministic in the order of the requests. */
export function planSlots(requests: readonly Lifetime[]): Plan {
  const order = requests.map((_, index) => index).sort((a, b) => requests[a]!.first - requests[b]!.first || a - b);
  const slotBytes: number[] = [];
  const freeFrom: number[] = [];
  const slotOf: number[] = new Array(requests.length).fill(-1);
  for (const index of order) {
    const { bytes, first, last } = requests[index]!;
    let best = -1;
    let bestGrowth = Number.POSITIVE_INFINITY;
    for (let slot = 0; slot < slotBytes.length; slot++) {
      if (freeFrom[slot]! > first) continue;
      const growth = Math.max(0, bytes - slotBytes[slot]!);
      const tighter = growth === bestGrowth && slotBytes[slot]! < slotBytes[best]!;
      if (growth < bestGrowth || tighter) {
        best = slot;
        bestGrowth = growth;
      }
    }
    if (best < 0) {
      best = slotBytes.length;
      slotBytes.push(bytes);
    } else {
      slotBytes[best] = Math.max(slotBytes[best]!, bytes);
    }
    freeFrom[best] = last + 1;
    slotOf[index] = best;
  }
  return { slotOf, slotBytes };
}
