import type { Engine } from "../runtime/webgpu/engine.ts";
import { ArchTrainer } from "./arch-trainer.ts";
import { Classifier } from "./classifier.ts";
import { trainFixed } from "./fixed-training.ts";
import { inferenceCost } from "./inference-cost.ts";
import type { Trainers } from "./trainers.ts";

/** Trains on a WebGPU device. */
export function engineTrainers(engine: Engine): Trainers {
  return {
    supernet: (desc, parts) => new ArchTrainer(engine, parts).fit(desc),
    fixed: (desc, parts) => trainFixed(engine, desc, parts),
    inferenceCost: (parts, control) =>
      inferenceCost(parts, {
        control,
        open: () => Classifier.create(engine, parts),
        bytes: () => engine.buffers.liveBytes,
      }),
    facts: () => ({ live_buffers: engine.buffers.liveBuffers }),
    tuning: () => engine.tuner?.record(),
  };
}
