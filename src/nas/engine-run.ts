import type { RunRecord } from "../train/metrics.ts";
import type { Snapshot } from "../train/snapshot.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type EngineSource, survivingLoss } from "./engine-source.ts";
import { type TrainRun, type TrainRunOptions, trainRun } from "./train-run.ts";
import { createTrainer, type SetupContext, type TrainingSetup } from "./training-setup.ts";

export interface EngineRunOptions<T> extends TrainRunOptions {
  readonly setUp: (context: SetupContext) => TrainingSetup;
  /** Awaited after each epoch is logged. */
  readonly onEpoch?: ((setup: TrainingSetup, epoch: number) => Promise<void>) | undefined;
  /** Count how the validation images are classified in the end. */
  readonly confusion?: boolean | undefined;
  /** Where the training is kept, so that it can go on when it was cut off. */
  readonly checkpoint?: Checkpoint | undefined;
  /** Reads what there is to know of the trained network. */
  readonly finish: (setup: TrainingSetup, run: RunRecord) => Promise<T>;
}

/**
 * Trains a network on the engine from beginning to end, or from where its checkpoint stands. When the device is lost, it is set
 * up again on another one and goes on from its last snapshot, to the same bits.
 */
export function trainOnEngine<T>(source: EngineSource, options: EngineRunOptions<T>): Promise<T> {
  const { control, logger, checkpoint } = options;
  return trainRun(options, async (run) => {
    let snapshots = 0;
    let last = await checkpoint?.read();
    const tell = (snapshot: Snapshot) => {
      snapshots++;
      last = snapshot;
      checkpoint?.offer(snapshot);
    };
    try {
      return await survivingLoss(source, {
        signal: control.signal,
        progress: () => snapshots,
        onLoss: ({ message }) => logger.warn(`${message}; going on with another device`),
        run: async (engine, signal) => {
          if (last?.variants !== undefined) engine.tuner?.adopt(last.variants);
          const setup = options.setUp({ engine, signal, gate: control.gate });
          try {
            return await train(setup, signal, run, options, { last, tell });
          } finally {
            setup.dispose();
          }
        },
      });
    } finally {
      await checkpoint?.close();
    }
  });
}

interface Resumed {
  /** From where it goes on. */
  readonly last: Snapshot | undefined;
  readonly tell: (snapshot: Snapshot) => void;
}

async function train<T>(
  setup: TrainingSetup,
  signal: AbortSignal,
  run: TrainRun,
  options: EngineRunOptions<T>,
  { last, tell }: Resumed,
): Promise<T> {
  const { control, trainer: conf, onEpoch } = options;
  const { network, feeds } = setup;
  run.begin(network.params, { ...feeds.sizes, batch_chunks: feeds.train.chunks });
  const trainer = await createTrainer(setup, {
    signal,
    gate: control.gate,
    onProgress: (progress) => control.onProgress?.(conf.title, progress),
    snapshots: { tell, every: options.checkpoint?.steps },
  });
  try {
    const { liveBuffers, liveBytes } = network.engine.buffers;
    run.prepared({ gpu_buffers: liveBuffers, gpu_bytes: liveBytes });
    await run.epochsDone(last?.epochs ?? []);
    const epochs = await trainer.fit(async (_record, epoch, all) => {
      await run.epochsDone(all);
      await onEpoch?.(setup, epoch);
    }, last);
    const confusion = options.confusion ? await trainer.confusion() : undefined;
    return await options.finish(setup, run.end(epochs, confusion));
  } finally {
    trainer.dispose();
  }
}
