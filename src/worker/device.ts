import type { Backend } from "./backend.ts";
import type { Host } from "./host.ts";
import { webgpuBackend } from "./webgpu-backend.ts";

/** The device, opened when it is first needed, and again after it was lost or has failed. */
export class DeviceHolder {
  readonly #host: Host;
  #opening: Promise<Backend> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** @throws SupernetError("device") where there is none */
  open(): Promise<Backend> {
    this.#opening = this.#openAfter(this.#opening);
    return this.#opening;
  }

  async #openAfter(before: Promise<Backend> | undefined): Promise<Backend> {
    const known = await before?.catch(() => undefined);
    if (known?.works()) return known;
    void known?.dispose();
    const { fallback } = this.#host;
    try {
      const { requestGpu } = this.#host;
      return webgpuBackend(await requestGpu(), requestGpu);
    } catch (error) {
      // A device that is there and does not open is no reason to compute on another.
      if (!fallback || (await fallback.missingWebGpu()) === undefined) throw error;
      return fallback.open();
    }
  }

  /** Frees the device; waits for the work it still has. */
  async dispose(): Promise<void> {
    const known = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await known?.dispose();
  }
}
