import { adapterName, type GpuHandle } from "../host/gpu.ts";
import { openClassifier } from "../nas/engine-classifier.ts";
import type { EngineSource } from "../nas/engine-source.ts";
import { engineTrainers } from "../nas/engine-trainers.ts";
import { Engine, type KernelTuner } from "../runtime/webgpu/engine.ts";
import { onPaper } from "../runtime/webgpu/paper-engine.ts";
import type { Backend, MemoryShare } from "./backend.ts";
import type { AdapterReport } from "./protocol.ts";
import { openTuner } from "./tune.ts";

/**
 * The engine on an open device, which is the backend's from then on.
 * @param reopen gives another device when that is lost in the middle of a run
 */
export function webgpuBackend(gpu: GpuHandle, reopen: () => Promise<GpuHandle>): Backend {
  const device = new ReopenedDevice(gpu, reopen);
  const untuned = device.source(async () => undefined);
  return {
    adapter: adapterReport(gpu),
    works: () => device.works(),
    async trainers(tune, memory) {
      device.share = memory;
      // Kernels that were tuned for one run are not those of the next.
      const source = tune ? device.source((now) => openTuner(now, tune)) : untuned;
      await source.open();
      return { trainers: engineTrainers(source), bytes: () => source.engine.buffers.liveBytes };
    },
    async paper(memory) {
      const engine = await untuned.open();
      return (bytes) => onPaper(engine, bytes ?? device.memory(memory));
    },
    classifier: (parts) => openClassifier(untuned, parts),
    dispose: () => device.dispose(),
  };
}

/** A device and the engines on it; another one after it was lost. */
class ReopenedDevice {
  /** What engines that are opened from now on may take; default all there is. */
  share: MemoryShare | undefined;
  readonly #reopen: () => Promise<GpuHandle>;
  #gpu: GpuHandle;
  #lost = false;
  #engines: Engine[] = [];
  /** One reopens it for all. */
  #opening: Promise<void> = Promise.resolve();

  constructor(gpu: GpuHandle, reopen: () => Promise<GpuHandle>) {
    this.#reopen = reopen;
    this.#gpu = gpu;
    this.#watch();
  }

  /** Engines with a tuner of their own, one for each device. */
  source(tunerOf: (gpu: GpuHandle) => Promise<KernelTuner | undefined>): EngineSource {
    let engine: Engine | undefined;
    let tuner: { readonly of: string; readonly opened: KernelTuner | undefined } | undefined;
    return {
      get engine() {
        if (!engine) throw new Error("the engine is not open yet");
        return engine;
      },
      open: async () => {
        const gpu = await this.#open();
        if (engine?.device !== gpu.device) {
          // On the same adapter kernels stay what they were, so that a run goes on to the same bits.
          const adapter = adapterName(gpu.info);
          if (tuner?.of !== adapter) tuner = { of: adapter, opened: await tunerOf(gpu) };
          engine = new Engine(gpu, tuner.opened);
          this.#engines.push(engine);
        }
        engine.buffers.memory = this.memory(this.share);
        return engine;
      },
    };
  }

  async #open(): Promise<GpuHandle> {
    this.#opening = this.#opening
      .catch(() => {})
      .then(async () => {
        if (!this.#lost) return;
        await this.#free();
        this.#engines = [];
        this.#gpu = await this.#reopen();
        this.#watch();
      });
    await this.#opening;
    return this.#gpu;
  }

  /** Bytes of a share; undefined where nobody knows. */
  memory({ bytes, threads }: MemoryShare = { bytes: 0, threads: 1 }): number | undefined {
    const all = bytes || this.#gpu.memory;
    return all && all / threads;
  }

  #watch(): void {
    const { device } = this.#gpu;
    this.#lost = false;
    void device.lost.then(() => {
      this.#lost ||= device === this.#gpu.device;
    });
  }

  /** False once the device is lost, or has failed for good. */
  works(): boolean {
    return !this.#lost && this.#engines.every(works);
  }

  /** Frees the device; waits for the work it still has, and for a device that is being opened. */
  async dispose(): Promise<void> {
    await this.#opening.catch(() => {});
    await this.#free();
  }

  async #free(): Promise<void> {
    for (const engine of this.#engines) engine.dispose();
    await this.#gpu.dispose();
    await Promise.all(this.#engines.map((engine) => engine.settled()));
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

function adapterReport({ adapter, info, kind }: GpuHandle): AdapterReport {
  const limits: Record<string, number> = {};
  // Limits are getters of the prototype, which only `in` lists.
  for (const name in adapter.limits) {
    const value = adapter.limits[name as keyof GPUSupportedLimits];
    if (typeof value === "number") limits[name] = value;
  }
  const features = [...adapter.features].sort();
  return { ...info, name: adapterName(info), kind, features, limits, backend: "webgpu" };
}
