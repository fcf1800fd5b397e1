import type { Buffers } from "./buffers.ts";

/**
 * The temporaries of programs that run one after another on one queue: as many slots as the greediest program needs, each
 * as large as its largest tenant. Programs reserve when they are compiled, buffers are made when the first one is bound.
 */
export class Workspace {
  readonly #buffers: Buffers;
  readonly #bytes: number[] = [];
  #slots: GPUBuffer[] | undefined;

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** @returns the workspace's slot for each of the program's; largest meets largest, so that little is wasted. */
  reserve(slotBytes: readonly number[]): number[] {
    if (this.#slots) throw new Error("reserve before the first program is bound");
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

  /** @throws SupernetError("device") when a slot does not fit the device; nothing is left allocated then. */
  slots(): readonly GPUBuffer[] {
    if (this.#slots) return this.#slots;
    const made: GPUBuffer[] = [];
    try {
      for (const [slot, bytes] of this.#bytes.entries()) made.push(this.#buffers.storage(`temporary ${slot}`, bytes));
    } catch (error) {
      for (const buffer of made) this.#buffers.destroy(buffer);
      throw error;
    }
    this.#slots = made;
    return made;
  }

  dispose(): void {
    for (const buffer of this.#slots ?? []) this.#buffers.destroy(buffer);
    this.#slots = undefined;
  }
}
