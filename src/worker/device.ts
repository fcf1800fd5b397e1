import { SupernetError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import type { Host } from "./host.ts";
import { webgpuBackend } from "./webgpu-backend.ts";

/** The device, opened when it is first needed, and again after it was lost or has failed. */
export class DeviceHolder {
  readonly #host: Host;
  #opening: Promise<Backend> | undefined;
  #closed = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /** @throws SupernetError("device") where there is none; "aborted" after `close` */
  async open(): Promise<Backend> {
    if (this.#closed) throw new SupernetError("aborted", "the engine was closed");
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

  /** Opens none from now on: whoever ends a thread of Node while Dawn opens one ends the process. */
  close(): void {
    this.#closed = true;
  }

  /** Frees the device; waits for the work it still has, and for one that is being opened. Nobody gets another. */
  async dispose(): Promise<void> {
    this.close();
    const known = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    await known?.dispose();
  }
}
