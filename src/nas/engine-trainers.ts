import type { Engine } from "../runtime/webgpu/engine.ts";
import { ArchTrainer } from "./arch-trainer.ts";
import { trainFixed } from "./fixed-training.ts";
import type { Trainers } from "./trainers.ts";

/** Trains on a WebGPU device. */
export function engineTrainers(engine: Engine): Trainers {
  return {
    supernet: (desc, parts) => new ArchTrainer(engine, parts).fit(desc),
    fixed: (desc, parts) => trainFixed(engine, desc, parts),
    facts: () => ({ live_buffers: engine.buffers.liveBuffers }),
    tuning: () => engine.tuner?.record(),
  };
}
