import type { Engine } from "../runtime/webgpu/engine.ts";
import { packPlanes } from "../runtime/webgpu/layout.ts";
import { type Feed, IMAGES, type Selection } from "./feed.ts";

/** One prepared batch: images [N, C, H, W] row-major, labels [N]. */
export interface FixedBatch {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  readonly shape: readonly [n: number, c: number, h: number, w: number];
}

/** Batches that are given once, already normalised, and come in the same order in every pass. */
export class FixedFeed implements Feed {
  readonly samples: number;
  readonly chunks: number;
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  readonly inputs: Readonly<Record<string, GPUBuffer>> = {};
  readonly #engine: Engine;
  readonly #batches: readonly { readonly x: GPUBuffer; readonly y: GPUBuffer }[];
  #selected = 0;

  constructor(engine: Engine, batches: readonly FixedBatch[], chunks = 1) {
    const [n, c, h, w] = batches[0]!.shape;
    if (n % chunks !== 0) throw new Error(`a batch of ${n} does not divide into ${chunks} chunks`);
    this.#engine = engine;
    this.chunks = chunks;
    this.samples = n / chunks;
    const upload = (label: string, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => {
      const buffer = engine.buffers.storage(label, data.byteLength, "data");
      engine.device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    };
    const pixels = c * h * w;
    this.#batches = batches.flatMap((batch, index) =>
      Array.from({ length: chunks }, (_, chunk) => {
        const from = chunk * this.samples;
        const x = Array.prototype.slice.call(batch.x, from * pixels, (from + this.samples) * pixels);
        const y = Array.prototype.slice.call(batch.y, from, from + this.samples);
        return {
          x: upload(`batch ${index}`, packPlanes(x, [this.samples, c, h, w])),
          y: upload(`labels ${index}`, Uint32Array.from(y)),
        };
      }),
    );
    this.x = engine.buffers.storage(IMAGES, this.#batches[0]!.x.size, "data");
    this.y = engine.buffers.storage("batch labels", this.#batches[0]!.y.size, "data");
  }

  async prepare(): Promise<void> {}

  startPass(_epoch: number): number {
    return this.#batches.length / this.chunks;
  }

  select(batch: number): Selection {
    this.#selected = batch;
    return { start: 0, valid: this.samples * this.chunks };
  }

  encode(encoder: GPUCommandEncoder, chunk: number): void {
    const source = this.#batches[this.#selected * this.chunks + chunk]!;
    encoder.copyBufferToBuffer(source.x, 0, this.x, 0, this.x.size);
    encoder.copyBufferToBuffer(source.y, 0, this.y, 0, this.y.size);
  }

  dispose(): void {
    for (const { x, y } of [...this.#batches, this]) {
      this.#engine.buffers.destroy(x);
      this.#engine.buffers.destroy(y);
    }
  }
}
