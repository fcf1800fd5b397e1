import type { Buffers } from "./buffers.ts";

/**
 * The temporaries of programs that run one after another on one queue: as many slots as the greediest program needs, each
 * as large as its largest tenant. Programs reserve when they are compiled, buffers are made when the first one is bound.
 *
 * A program compiled later may need more: slots that are too small are replaced for those bound from then on. Nothing in a
 * temporary outlives a run, so earlier ones go on with the old buffers; compiling all programs first saves that memory.
 */
export class Workspace {
  readonly #buffers: Buffers;
  readonly #bytes: number[] = [];
  readonly #slots: GPUBuffer[] = [];
  readonly #outgrown: GPUBuffer[] = [];

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** @returns the workspace's slot for each of the program's; largest meets largest, so that little is wasted. */
  reserve(slotBytes: readonly number[]): number[] {
    const order = slotBytes.map((_, slot) => slot).sort((a, b) => slotBytes[b]! - slotBytes[a]! || a - b);
    const mapping: number[] = new Array(slotBytes.length);
    order.forEach((slot, rank) => {
      this.#bytes[rank] = Math.max(this.#bytes[rank] ?? 0, slotBytes[slot]!);
      mapping[slot] = rank;
    });
    return mapping;
  }

  /** Bytes the slots take once made. */
  get bytes(): number {
    return this.#bytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @throws SupernetError("device") when a slot does not fit the device */
  slots(): readonly GPUBuffer[] {
    for (const [slot, bytes] of this.#bytes.entries()) {
      const old = this.#slots[slot];
      if (old && old.size >= bytes) continue;
      this.#slots[slot] = this.#buffers.storage(`temporary ${slot}`, bytes);
      if (old) this.#outgrown.push(old);
    }
    return this.#slots;
  }

  dispose(): void {
    for (const buffer of [...this.#slots, ...this.#outgrown]) this.#buffers.destroy(buffer);
    this.#slots.length = 0;
    this.#outgrown.length = 0;
  }
}
