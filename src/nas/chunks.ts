import { SupernetError } from "../errors.ts";
import { DoesNotFit } from "../runtime/webgpu/does-not-fit.ts";
import type { Engine } from "../runtime/webgpu/engine.ts";
import { createTrainer, type SetupContext, type TrainingSetup } from "./training-setup.ts";

/** A training that can be set up on any engine, with its batches in any number of chunks that divides them. */
export interface ChunkedTraining {
  /** Where the conf has its trainer, such as `nas.eval.trainer`. */
  readonly section: string;
  /** What is said there. */
  readonly chunks: number | "auto";
  /** Images a batch. */
  batch(): number;
  /** @throws SupernetError as `setUpSearch`; DoesNotFit */
  setUp(context: SetupContext, chunks: number): TrainingSetup;
}

/** A training that was set up on paper, with all that it will allocate. */
export interface Trial {
  readonly chunks: number;
  readonly engine: Engine;
  readonly setup: TrainingSetup;
}

/** Makes engines on paper like the one that will train. @param memory bytes; default what that one is known to have */
export type Paper = (memory?: number) => Engine;

/**
 * Sets up on paper what the conf wants; where that is "auto", in as few chunks as fit.
 * @throws SupernetError("device") naming the number of chunks that would fit, where it does not; as `setUpSearch`
 */
export async function fitOnPaper(training: ChunkedTraining, paper: Paper): Promise<Trial> {
  const { chunks } = training;
  const first = chunks === "auto" ? 1 : chunks;
  try {
    return await tryOnPaper(training, paper(), first);
  } catch (error) {
    if (!(error instanceof DoesNotFit)) throw error;
    const fit = await fewestChunks(training, paper, first);
    if (chunks === "auto" && fit) return fit;
    throw remedied(error, training, fit);
  }
}

/** @throws DoesNotFit */
async function tryOnPaper(training: ChunkedTraining, engine: Engine, chunks: number): Promise<Trial> {
  const setup = training.setUp({ engine }, chunks);
  await createTrainer(setup, { snapshots: { tell: () => {} } });
  return { chunks, engine, setup };
}

/** @param tried so many are known to be too few. @returns undefined where not even one image at a time fits */
async function fewestChunks(training: ChunkedTraining, paper: Paper, tried: number): Promise<Trial | undefined> {
  const batch = training.batch();
  const choices = Array.from({ length: batch }, (_, i) => i + 1).filter((n) => n > tried && batch % n === 0);
  let fewest: Trial | undefined;
  // More chunks never need more memory, so what fits is the end of the list.
  for (let [from, to] = [0, choices.length]; from < to; ) {
    const middle = Math.floor((from + to) / 2);
    const fit = await tryOnPaper(training, paper(), choices[middle]!).catch(onlyMisfit);
    if (fit) [fewest, to] = [fit, middle];
    else from = middle + 1;
  }
  return fewest;
}

function onlyMisfit(error: unknown): undefined {
  if (!(error instanceof DoesNotFit)) throw error;
}

/** What is to be told of a training that failed in so many chunks: where it did not fit, how many would. */
export async function withRemedy(
  error: unknown,
  training: ChunkedTraining,
  chunks: number,
  paper: Paper,
): Promise<unknown> {
  if (!(error instanceof DoesNotFit)) return error;
  const fit = await fewestChunks(training, () => paper(error.memory), chunks);
  return remedied(error, training, fit);
}

function remedied(error: DoesNotFit, training: ChunkedTraining, fit: Trial | undefined): SupernetError {
  const { what, memory } = error;
  if (!fit) {
    const none =
      "not even one image at a time fits: close other programs that use the GPU, or use fewer cells or channels";
    return new SupernetError("device", `${what}; ${none}`, { cause: error });
  }
  // What the device has not told before cannot be known by "auto" either.
  const choice = memory === undefined && training.chunks !== "auto" ? ", or to auto" : "";
  const message = `${what}; set ${training.section}.batch_chunks to ${fit.chunks}${choice}`;
  return new SupernetError("device", message, { cause: error });
}
