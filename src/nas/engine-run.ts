import type { RunRecord } from "../train/metrics.ts";
import { type TrainRunOptions, trainRun } from "./train-run.ts";
import { createTrainer, type TrainingSetup } from "./training-setup.ts";

/** `trainRun` on the engine, with what was set up for it. */
export function trainOnEngine(
  setup: TrainingSetup,
  options: Omit<TrainRunOptions, "params" | "facts">,
): Promise<RunRecord> {
  const { network, feeds } = setup;
  const { control, logger, trainer: conf } = options;
  const facts = { ...feeds.sizes, batch_chunks: feeds.train.chunks };
  return trainRun({ ...options, params: network.params, facts }, async () => {
    const trainer = await createTrainer(setup, {
      signal: control.signal,
      gate: control.gate,
      onProgress: (progress) => control.onProgress?.(conf.title, progress),
    });
    const { liveBuffers, liveBytes } = network.engine.buffers;
    logger.info({ gpu_buffers: liveBuffers, gpu_bytes: liveBytes });
    return trainer;
  });
}
