import type { Engine } from "../runtime/webgpu/engine.ts";
import { onPaper } from "../runtime/webgpu/paper-engine.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { Snapshot } from "../train/snapshot.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { type ChunkedTraining, fitOnPaper, withRemedy } from "./chunks.ts";
import { type EngineSource, survivingLoss } from "./engine-source.ts";
import { layDown, takeUp } from "./kept-training.ts";
import { type TrainRun, type TrainRunOptions, trainRun } from "./train-run.ts";
import { createTrainer, type TrainingSetup } from "./training-setup.ts";

export interface EngineRunOptions<T> extends TrainRunOptions {
  readonly training: ChunkedTraining;
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
 *
 * @throws as `Trainers`; of a network that does not fit, naming the number of chunks with which it would
 */
export function trainOnEngine<T>(source: EngineSource, options: EngineRunOptions<T>): Promise<T> {
  const { control, logger, training } = options;
  return trainRun(options, async (run) => {
    const chunks = await chunksOf(training, source);
    const from = await takeUp(options, { batch_chunks: String(chunks) });
    const kept: Kept = { last: from, snapshots: 0 };
    const onLoss = (why: string) => {
      const message = `${why}; going on with another device ${whereFrom(kept.last)}`;
      logger.warn(message);
      control.onWarning?.(message);
    };
    try {
      return await survivingLoss(source, {
        control,
        progress: () => kept.snapshots,
        onLoss,
        run: async (engine, signal) => {
          const variants = kept.last?.variants;
          if (variants !== undefined) engine.tuner?.adopt(variants);
          const setup = training.setUp({ engine, signal, gate: control.gate }, chunks);
          try {
            return await train(setup, { run, kept, signal, options });
          } finally {
            setup.dispose();
          }
        },
      });
    } catch (error) {
      throw await withRemedy(error, training, chunks, paper(source.engine));
    } finally {
      await layDown(options);
    }
  });
}

/** What outlives a device. */
interface Kept {
  /** From where the training goes on. */
  last: Snapshot | undefined;
  /** How many were taken. */
  snapshots: number;
}

const paper = (engine: Engine) => (memory?: number) => onPaper(engine, memory);

/** What the conf says, or as few as fit the device: of the next device, should that be lost, there is no other choice. */
async function chunksOf(training: ChunkedTraining, source: EngineSource): Promise<number> {
  if (training.chunks !== "auto") return training.chunks;
  const engine = await source.open();
  const { chunks } = await fitOnPaper(training, paper(engine));
  return chunks;
}

function whereFrom(last: Snapshot | undefined): string {
  if (!last) return "from the beginning";
  return last.batch === 0 ? `after epoch ${last.epoch}` : `after step ${last.batch} of epoch ${last.epoch + 1}`;
}

interface TrainParts<T> {
  readonly run: TrainRun;
  readonly kept: Kept;
  readonly signal: AbortSignal;
  readonly options: EngineRunOptions<T>;
}

async function train<T>(setup: TrainingSetup, { run, kept, signal, options }: TrainParts<T>): Promise<T> {
  const { control, trainer: conf, checkpoint } = options;
  const { network, feeds } = setup;
  run.begin(network.params, { ...feeds.sizes, batch_chunks: feeds.train.chunks });
  const tell = (snapshot: Snapshot) => {
    kept.snapshots++;
    kept.last = { ...snapshot, variants: network.engine.tuner?.record() };
    checkpoint?.offer(kept.last);
  };
  const trainer = await createTrainer(setup, {
    signal,
    gate: control.gate,
    onProgress: (progress) => control.onProgress?.(conf.title, progress),
    onWarning: (warning) => run.warned(warning),
    snapshots: { tell, every: options.checkpoint?.steps },
  });
  try {
    const { liveBuffers, liveBytes } = network.engine.buffers;
    run.prepared({ gpu_buffers: liveBuffers, gpu_bytes: liveBytes });
    await run.epochsDone(kept.last?.epochs ?? []);
    const epochs = await trainer.fit(async (_record, epoch, all) => {
      await run.epochsDone(all);
      await options.onEpoch?.(setup, epoch);
    }, kept.last);
    const confusion = options.confusion ? await trainer.confusion() : undefined;
    return await options.finish(setup, run.end(epochs, confusion));
  } finally {
    trainer.dispose();
  }
}
