import { adapterName, type GpuHandle } from "../host/gpu.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import type { Host } from "./host.ts";
import type { AdapterReport } from "./protocol.ts";

export interface OpenDevice {
  readonly gpu: GpuHandle;
  readonly engine: Engine;
}

/** The device, opened when it is first needed, and again after it was lost or has failed. */
export class DeviceHolder {
  readonly #host: Host;
  #opening: Promise<OpenDevice> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  /** @throws SupernetError("device") where there is no adapter */
  open(): Promise<OpenDevice> {
    this.#opening = this.#openAfter(this.#opening);
    return this.#opening;
  }

  async #openAfter(before: Promise<OpenDevice> | undefined): Promise<OpenDevice> {
    const known = await before?.catch(() => undefined);
    if (known && works(known.engine)) return known;
    known?.gpu.dispose();
    const gpu = await this.#host.requestGpu();
    return { gpu, engine: new Engine(gpu) };
  }

  /** Frees the device; waits for the work it still has. */
  async dispose(): Promise<void> {
    const known = await this.#opening?.catch(() => undefined);
    this.#opening = undefined;
    if (!known) return;
    known.engine.dispose();
    known.gpu.dispose();
    await known.gpu.device.lost;
  }
}

function works(engine: Engine): boolean {
  try {
    engine.check();
    return true;
  } catch {
    return false;
  }
}

/** What there is to know about an open adapter. */
export function adapterReport({ adapter, info, kind }: GpuHandle): AdapterReport {
  const limits: Record<string, number> = {};
  // Limits are getters of the prototype, which only `in` lists.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[name] = value;
  }
  const features = [...adapter.features].sort();
  return { ...info, name: adapterName(info), kind, features, limits, backend: "webgpu" };
}
