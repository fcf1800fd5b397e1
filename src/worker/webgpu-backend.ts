import { adapterName, type GpuHandle } from "../host/gpu.ts";
import { Classifier } from "../nas/classifier.ts";
import { engineTrainers } from "../nas/engine-trainers.ts";
import { Engine } from "../runtime/webgpu/engine.ts";
import type { Backend } from "./backend.ts";
import type { AdapterReport } from "./protocol.ts";
import { openTuner } from "./tune.ts";

/** The engine on an open device, which is the backend's from then on. */
export function webgpuBackend(gpu: GpuHandle): Backend {
  const engine = new Engine(gpu);
  const engines = [engine];
  let lost = false;
  void gpu.lost.then(() => {
    lost = true;
  });
  return {
    adapter: adapterReport(gpu),
    lost: gpu.lost,
    works: () => !lost && works(engine),
    async trainers(tune) {
      // Kernels that were tuned for one run are not those of the next.
      const own = tune ? new Engine(gpu, await openTuner(gpu, tune)) : engine;
      if (own !== engine) engines.push(own);
      return { trainers: engineTrainers(own), bytes: () => own.buffers.liveBytes };
    },
    classifier: (parts) => Classifier.create(engine, parts),
    async dispose() {
      engine.dispose();
      gpu.dispose();
      await gpu.device.lost;
      await Promise.all(engines.map((each) => each.settled()));
    },
  };
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
