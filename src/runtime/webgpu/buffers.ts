import { SupernetError } from "../../errors.ts";

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
 * any time and a request beyond the device's limits is refused before WebGPU sees it.
 */
export class Buffers {
  readonly #device: GPUDevice;
  readonly #live = new Map<GPUBuffer, { readonly bytes: number; readonly role: BufferRole }>();
  #bytes = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
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

  /** @throws SupernetError("device") when a buffer of this size is beyond the device's limits; `label` names what needs it */
  require(label: string, bytes: number, usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE): void {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.#device.limits;
    const limit = usage & GPUBufferUsage.STORAGE ? Math.min(maxBufferSize, maxStorageBufferBindingSize) : maxBufferSize;
    if (bytes <= limit) return;
    throw new SupernetError(
      "device",
      `${label} needs ${mebibytes(bytes)} in one buffer, this device allows ${mebibytes(limit)}; ` +
        "use a smaller batch, more batch_chunks, or fewer cells or channels",
    );
  }

  /**
   * @param size in bytes; rounded up to a multiple of 4. The buffer starts zeroed.
   * @throws SupernetError("device") when the size is beyond the device's limits.
   */
  create(label: string, size: number, usage: GPUBufferUsageFlags, role: BufferRole = "other"): GPUBuffer {
    const bytes = Math.max(4, Math.ceil(size / 4) * 4);
    this.require(label, bytes, usage);
    const buffer = this.#device.createBuffer({ label, size: bytes, usage });
    this.#live.set(buffer, { bytes, role });
    this.#bytes += bytes;
    return buffer;
  }

  /** Storage that kernels read and write and the host can copy from and to. */
  storage(label: string, size: number, role?: BufferRole): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    return this.create(label, size, usage, role);
  }

  uniform(label: string, size: number): GPUBuffer {
    return this.create(label, size, GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST);
  }

  staging(label: string, size: number): GPUBuffer {
    return this.create(label, size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
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
  }

  destroyAll(): void {
    for (const buffer of [...this.#live.keys()]) this.destroy(buffer);
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
