import type { Buffers } from "./buffers.ts";

/**
 * The temporaries of programs that run one after another on one queue: as many buffers as the greediest program needs, each
 * as large as any program wants it. Programs reserve when they are compiled, buffers are made when the first one is bound.
 *
 * A program compiled later may need more: buffers that are too small are replaced for those bound from then on. Nothing in a
 * temporary outlives a run, so earlier ones go on with the old buffers; compiling all programs first saves that memory.
 */
export class Workspace {
  readonly #buffers: Buffers;
  readonly #bytes: number[] = [];
  readonly #made: GPUBuffer[] = [];
  readonly #outgrown: GPUBuffer[] = [];

  constructor(buffers: Buffers) {
    this.#buffers = buffers;
  }

  /** @returns the workspace's buffer for each of the program's; largest meets largest, so that little is wasted. */
  reserve(bufferBytes: readonly number[]): number[] {
    const order = bufferBytes.map((_, buffer) => buffer).sort((a, b) => bufferBytes[b]! - bufferBytes[a]! || a - b);
    const mapping: number[] = new Array(bufferBytes.length);
    order.forEach((buffer, rank) => {
      this.#bytes[rank] = Math.max(this.#bytes[rank] ?? 0, bufferBytes[buffer]!);
      mapping[buffer] = rank;
    });
    return mapping;
  }

  /** Forgets what was reserved, since all programs are about to reserve anew. */
  clear(): void {
    this.#bytes.length = 0;
  }

  /** Bytes the buffers take once made. */
  get bytes(): number {
    return this.#bytes.reduce((sum, bytes) => sum + bytes, 0);
  }

  /** @throws SupernetError("device") when one does not fit the device */
  buffers(): readonly GPUBuffer[] {
    for (const [rank, bytes] of this.#bytes.entries()) {
      const old = this.#made[rank];
      if (old && old.size >= bytes) continue;
      this.#made[rank] = this.#buffers.storage(`temporaries ${rank}`, bytes, "temporaries");
      if (old) this.#outgrown.push(old);
    }
    return this.#made;
  }

  dispose(): void {
    for (const buffer of [...this.#made, ...this.#outgrown]) this.#buffers.destroy(buffer);
    this.#made.length = 0;
    this.#outgrown.length = 0;
  }
}
