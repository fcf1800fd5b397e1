import { DoesNotFit, size } from "./does-not-fit.ts";

/** What the memory of a training run goes to. */
export const BUFFER_ROLES = [
  "parameters",
  "gradients",
  "optimizer",
  "second order",
  "temporaries",
  "outputs",
  "data",
  "other",
] as const;
export type BufferRole = (typeof BUFFER_ROLES)[number];

/**
 * Every GPU buffer of an engine is created and destroyed here, so that the number of live buffers and bytes is known at
 * any time and a request beyond the device's limits or memory is refused before WebGPU sees it.
 *
 * A device that is out of memory nevertheless says so later, and gives a buffer that is not there: all may be created and
 * written to, but only after `confirm` is it known to be there.
 */
export class Buffers {
  /** Bytes that all buffers together may take; undefined where nobody knows. */
  memory: number | undefined;
  readonly #device: GPUDevice;
  readonly #live = new Map<GPUBuffer, { readonly bytes: number; readonly role: BufferRole }>();
  #bytes = 0;
  /** Answers of the device that are awaited. */
  readonly #open = new Set<Promise<void>>();
  /** Buffers that are not there, until all commands that named them have been refused. */
  readonly #missing = new Map<GPUBuffer, DoesNotFit>();
  #failures = 0;

  constructor(device: GPUDevice, memory?: number) {
    this.#device = device;
    this.memory = memory;
  }

  get liveBuffers(): number {
    return this.#live.size;
  }

  get liveBytes(): number {
    return this.#bytes;
  }

  /** Live bytes by what they are for. */
  bytesByRole(): Record<BufferRole, number> {
    const sums = Object.fromEntries(BUFFER_ROLES.map((role) => [role, 0])) as Record<BufferRole, number>;
    for (const { bytes, role } of this.#live.values()) sums[role] += bytes;
    return sums;
  }

  /** @throws DoesNotFit when a buffer of this size is beyond the device's limits; `label` names what needs it */
  require(label: string, bytes: number, usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (bytes <= limit) return;
    throw new DoesNotFit(
      `${label} needs ${size(bytes, limit)} in one buffer, this device allows ${size(limit, bytes)}`,
    );
  }

  /** @throws DoesNotFit when so many bytes more are beyond the memory there is */
  requireMemory(bytes: number): void {
    if (this.memory === undefined || this.#bytes + bytes <= this.memory) return;
    const needed = size(this.#bytes + bytes);
    throw new DoesNotFit(`at least ${needed} are needed on the device, which has ${size(this.memory)}`);
  }

  /**
   * @param wanted in bytes; rounded up to a multiple of 4. The buffer starts zeroed.
   * @throws DoesNotFit when the size is beyond the device's limits, or the memory there is
   */
  create(label: string, wanted: number, usage: GPUBufferUsageFlags, role: BufferRole = "other"): GPUBuffer {
    const bytes = Math.max(4, Math.ceil(wanted / 4) * 4);
    this.require(label, bytes, usage);
    this.requireMemory(bytes);
    const buffer = this.#allocate({ label, size: bytes, usage });
    this.#live.set(buffer, { bytes, role });
    this.#bytes += bytes;
    return buffer;
  }

  #allocate(descriptor: GPUBufferDescriptor & { readonly label: string }): GPUBuffer {
    const memory = this.#bytes;
    const failed = (cause: unknown) => {
      this.#failures++;
      const needs = `${descriptor.label} needs ${size(descriptor.size)}`;
      const what = `${needs}, which the device does not have beside the ${size(memory)} that are taken`;
      return new DoesNotFit(what, { memory, cause });
    };
    const created: { buffer?: GPUBuffer } = {};
    this.#device.pushErrorScope("out-of-memory");
    try {
      created.buffer = this.#device.createBuffer(descriptor);
      return created.buffer;
    } catch (cause) {
      throw failed(cause);
    } finally {
      this.#await(this.#device.popErrorScope(), (error) => {
        if (error && created.buffer) this.#missing.set(created.buffer, failed(error));
      });
    }
  }

  /** A device that is lost answers nothing, or that it is lost: others tell. */
  #await(answer: Promise<GPUError | null>, then: (error: GPUError | null) => void): void {
    const open = answer.then(then, () => then(null)).finally(() => this.#open.delete(open));
    this.#open.add(open);
  }

  /**
   * Resolves when all buffers are there.
   * @throws DoesNotFit when one is not, naming it
   */
  async confirm(): Promise<void> {
    await this.settled();
    const [missing] = this.#missing.values();
    if (missing) throw missing;
  }

  /** Resolves when the device has answered all there was to answer. */
  async settled(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open);
  }

  /** Whether all buffers are known to be there, and no command of now can have been refused for want of one. */
  get certain(): boolean {
    return this.#open.size === 0 && this.#missing.size === 0;
  }

  /** Resolves to whether a command that was just refused may have named a buffer that is not there. */
  async explains(): Promise<boolean> {
    if (this.#missing.size > 0) return true;
    const before = this.#failures;
    await this.settled();
    return this.#failures > before;
  }

  /** Storage that kernels read and write and the host can copy from and to. */
  storage(label: string, bytes: number, role?: BufferRole): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.create(label, bytes, usage, role);
  }

  uniform(label: string, bytes: number): GPUBuffer {
    return this.create(label, bytes, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  }

  staging(label: string, bytes: number): GPUBuffer {
    return this.create(label, bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  }

  /** What `make` returns; if it throws, every buffer that it has created is destroyed. */
  attempt<T>(make: () => T): T {
    const before = new Set(this.#live.keys());
    try {
      return make();
    } catch (error) {
      for (const buffer of [...this.#live.keys()]) if (!before.has(buffer)) this.destroy(buffer);
      throw error;
    }
  }

  /** Destroying twice is harmless. */
  destroy(buffer: GPUBuffer): void {
    const live = this.#live.get(buffer);
    if (!live) return;
    this.#live.delete(buffer);
    this.#bytes -= live.bytes;
    buffer.destroy();
    if (this.#missing.has(buffer)) this.#forget(buffer);
  }

  /** The device answers in order: what has been refused for want of the buffer was told before this is. */
  #forget(buffer: GPUBuffer): void {
    this.#device.pushErrorScope("validation");
    this.#await(this.#device.popErrorScope(), () => this.#missing.delete(buffer));
  }

  destroyAll(): void {
    for (const buffer of [...this.#live.keys()]) this.destroy(buffer);
  }
}
