import { augmentDispatch, residentImages } from "../data/augment.ts";
import type { Split } from "../data/dataset.ts";
import type { Pass } from "../data/sampler.ts";
import { planes } from "../graph/types.ts";
import { type Engine, encodePass, type Kernel } from "../runtime/webgpu/engine.ts";
import { storageBytes } from "../runtime/webgpu/layout.ts";
import { type Drawing, type Feed, IMAGES, type Selection, selectBatch } from "./feed.ts";

/** Images and labels of a split on the device, as bytes; shared by the feeds that draw from it. */
export class ResidentSplit {
  /** In two parts, because all may be more than a binding can hold. */
  readonly images: readonly [GPUBuffer, GPUBuffer];
  /** Images in the first part. */
  readonly firstPart: number;
  readonly labels: GPUBuffer;
  readonly #engine: Engine;

  /** @throws SupernetError("device") when the images exceed what the device can bind */
  constructor(engine: Engine, split: Split) {
    const upload = (label: string, data: Uint8Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => {
      const buffer = engine.buffers.storage(label, data.byteLength, "data");
      engine.device.queue.writeBuffer(buffer, 0, data);
      return buffer;
    };
    this.#engine = engine;
    const { maxBufferSize, maxStorageBufferBindingSize } = engine.device.limits;
    const { firstPart, parts } = residentImages(split, Math.min(maxBufferSize, maxStorageBufferBindingSize));
    this.firstPart = firstPart;
    this.images = [upload("images", parts[0]), upload("more images", parts[1])];
    this.labels = upload("labels", Uint32Array.from(split.labels));
  }

  dispose(): void {
    for (const buffer of [...this.images, this.labels]) this.#engine.buffers.destroy(buffer);
  }
}

export interface ResidentFeedOptions extends Drawing {
  readonly split: ResidentSplit;
}

/** Batches gathered and augmented on the device from a resident split; per epoch the host sends only their order. */
export class ResidentFeed implements Feed {
  readonly samples: number;
  readonly chunks: number;
  readonly x: GPUBuffer;
  readonly y: GPUBuffer;
  readonly #engine: Engine;
  readonly #options: ResidentFeedOptions;
  readonly #order: GPUBuffer;
  #pass: Pass;
  #kernels: readonly Kernel[] = [];
  #dispose: (() => void) | undefined;

  constructor(engine: Engine, options: ResidentFeedOptions) {
    const { batch, chunks, augmentation, passOf } = options;
    const { channels, height, width } = augmentation;
    this.#engine = engine;
    this.#options = options;
    this.chunks = chunks;
    this.samples = batch / chunks;
    this.#pass = passOf(0);
    const storage = (label: string, bytes: number) => engine.buffers.storage(label, bytes, "data");
    this.x = storage(IMAGES, storageBytes(planes([this.samples, channels, height, width])));
    this.y = storage("batch labels", this.samples * 4);
    this.#order = storage("order", this.#pass.order.byteLength);
  }

  async prepare(step: GPUBuffer): Promise<void> {
    const { split, augmentation } = this.#options;
    const gather = {
      ...augmentDispatch(augmentation, this.samples, split.firstPart, this.#engine.tuning),
      reads: [...split.images, split.labels, this.#order].map((buffer) => ({ buffer })),
      writes: [{ buffer: this.x }, { buffer: this.y }],
      step,
    };
    const { kernels, dispose } = await this.#engine.kernels([gather], "batch");
    this.#kernels = kernels;
    this.#dispose = dispose;
  }

  startPass(epoch: number): number {
    this.#pass = this.#options.passOf(epoch);
    this.#engine.device.queue.writeBuffer(this.#order, 0, Uint32Array.from(this.#pass.order));
    return this.#pass.batches;
  }

  select(batch: number): Selection {
    return selectBatch(this.#pass, batch);
  }

  encode(encoder: GPUCommandEncoder): void {
    encodePass(encoder, this.#kernels);
  }

  dispose(): void {
    this.#dispose?.();
    for (const buffer of [this.x, this.y, this.#order]) this.#engine.buffers.destroy(buffer);
  }
}
