import type { RunRecord } from "../train/metrics.ts";
import { Trainer } from "../train/trainer.ts";
import { type TrainRunOptions, trainRun } from "./train-run.ts";
import type { TrainingSetup } from "./training-setup.ts";

/** `trainRun` on the engine, with what was set up for it. */
export function trainOnEngine(
  { network, feeds, parts }: TrainingSetup,
  options: Omit<TrainRunOptions, "params" | "facts">,
): Promise<RunRecord> {
  const { control, logger, trainer: conf } = options;
  const facts = { ...feeds.sizes, batch_chunks: feeds.train.chunks };
  return trainRun({ ...options, params: network.params, facts }, async () => {
    const trainer = await Trainer.create({
      ...parts,
      train: feeds.train,
      validation: feeds.validation,
      signal: control.signal,
      gate: control.gate,
      onProgress: (progress) => control.onProgress?.(conf.title, progress),
    });
    const { liveBuffers, liveBytes } = network.engine.buffers;
    logger.info({ gpu_buffers: liveBuffers, gpu_bytes: liveBytes });
    return trainer;
  });
}
