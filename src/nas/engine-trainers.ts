import { ArchTrainer } from "./arch-trainer.ts";
import { Classifier } from "./classifier.ts";
import { type EngineSource, survivingLoss } from "./engine-source.ts";
import { trainFixed } from "./fixed-training.ts";
import { inferenceCost } from "./inference-cost.ts";
import type { Trainers } from "./trainers.ts";

/** Trains on a WebGPU device. */
export function engineTrainers(source: EngineSource): Trainers {
  return {
    checkpoints: true,
    supernet: (desc, parts) => new ArchTrainer(source, parts).fit(desc),
    fixed: (desc, parts) => trainFixed(source, desc, parts),
    inferenceCost: (parts, control) =>
      survivingLoss(source, {
        control,
        onLoss: (why) => control.onWarning?.(`${why}; measuring again on another device`),
        run: (engine, signal) =>
          inferenceCost(parts, {
            control: { ...control, signal },
            open: () => Classifier.create(engine, parts),
            bytes: () => engine.buffers.liveBytes,
          }),
      }),
    facts: () => ({ live_buffers: source.engine.buffers.liveBuffers }),
    tuning: () => source.engine.tuner?.record(),
  };
}
