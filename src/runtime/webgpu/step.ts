import type { Buffers } from "./buffers.ts";

/** Values of the uniform in shaders/step.wesl. */
export interface StepValues {
  /** An integer from 0 to 2^53 - 1. */
  readonly seed: number;
  readonly step: number;
  readonly dropPath: number;
  readonly lr: number;
  readonly momentum: number;
  readonly alphaLr: number;
  readonly alphaMomentum: number;
  readonly batchStart: number;
  readonly valBatchStart: number;
  readonly adamC1: number;
  readonly adamC2: number;
  readonly alphaAdamC1: number;
  readonly alphaAdamC2: number;
  readonly valid: number;
  readonly valValid: number;
  readonly sampleStart: number;
  readonly temperature: number;
}

type Rates = Pick<StepValues, "lr" | "momentum" | "adamC1" | "adamC2">;

/** Rates as those of the alphas. */
export function alphaRates({ lr, momentum, adamC1, adamC2 }: Rates) {
  return { alphaLr: lr, alphaMomentum: momentum, alphaAdamC1: adamC1, alphaAdamC2: adamC2 };
}

export const STEP_BYTES = 80;

/** The uniform's bytes, field by field in the order of shaders/step.wesl; what is left out is zero, but the temperature is 1. */
export function packStep(values: Partial<StepValues>): ArrayBuffer {
  const view = new DataView(new ArrayBuffer(STEP_BYTES));
  let offset = 0;
  const u32 = (value = 0) => {
    view.setUint32(offset, value, true);
    offset += 4;
  };
  const f32 = (value = 0) => {
    view.setFloat32(offset, value, true);
    offset += 4;
  };
  const seed = values.seed ?? 0;
  u32(seed >>> 0);
  u32(Math.floor(seed / 2 ** 32));
  u32(values.step);
  f32(values.dropPath);
  f32(values.lr);
  f32(values.momentum);
  f32(values.alphaLr);
  f32(values.alphaMomentum);
  u32(values.batchStart);
  u32(values.valBatchStart);
  f32(values.adamC1);
  f32(values.adamC2);
  f32(values.alphaAdamC1);
  f32(values.alphaAdamC2);
  u32(values.valid);
  u32(values.valValid);
  u32(values.sampleStart);
  f32(values.temperature ?? 1);
  return view.buffer as ArrayBuffer;
}

/**
 * The step uniform and what its chunks say. The host writes all chunks of a step at once, before submitting; the commands
 * then copy a chunk's values into the uniform just before the chunk runs. So kernels know nothing of chunks, and nothing
 * is created.
 */
export class StepUniform {
  readonly buffer: GPUBuffer;
  readonly #device: GPUDevice;
  readonly #buffers: Buffers;
  readonly #chunks: GPUBuffer;

  constructor(device: GPUDevice, buffers: Buffers, chunks: number) {
    this.#device = device;
    this.#buffers = buffers;
    this.buffer = buffers.uniform("step", STEP_BYTES);
    this.#chunks = buffers.create(
      "step chunks",
      chunks * STEP_BYTES,
      GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    );
  }

  /** Before the step is submitted: the values of each chunk. */
  write(chunks: readonly Partial<StepValues>[]): void {
    chunks.forEach((values, chunk) => {
      this.#device.queue.writeBuffer(this.#chunks, chunk * STEP_BYTES, packStep(values));
    });
  }

  /** From here on the uniform holds the values of this chunk. */
  use(encoder: GPUCommandEncoder, chunk: number): void {
    encoder.copyBufferToBuffer(this.#chunks, chunk * STEP_BYTES, this.buffer, 0, STEP_BYTES);
  }

  dispose(): void {
    this.#buffers.destroy(this.buffer);
    this.#buffers.destroy(this.#chunks);
  }
}
