import type { Engine } from "../runtime/webgpu/engine.ts";
import { type BadWrite, clearWritten, findBadWrite } from "../runtime/webgpu/finite-checks.ts";
import { type Command, Recorder } from "../runtime/webgpu/recorder.ts";
import { submit } from "../runtime/webgpu/submission.ts";

/** Steps that can be run again, to the same bits, from a state in which all was well. */
export interface Replay {
  readonly engine: Engine;
  /** Batches: the first that is not in the state yet, and the one after which something is bad. */
  readonly from: number;
  readonly until: number;
  /** Puts that state back. */
  readonly restore: () => void;
  readonly encode: (encoder: GPUCommandEncoder, batch: number) => void;
  /** Whether a loss of the steps so far, or what they leave to the next, is NaN or infinite. */
  readonly isBad: () => Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/** The first step in which something went bad, and the write that did: undefined if none does when its commands run one by one. */
export interface BadStep {
  readonly batch: number;
  readonly write: BadWrite | undefined;
}

/**
 * Finds where NaN or infinity came from: runs the steps again until a loss or the state is bad, then once more up to there and
 * the commands of that step one by one. Makes GPU objects and waits for each step.
 *
 * @returns undefined when all is well this time
 */
export async function findBadStep(replay: Replay): Promise<BadStep | undefined> {
  const batch = await firstBadBatch(replay);
  if (batch === undefined) return undefined;
  const { engine, restore, from } = replay;
  const commands = () => commandsOf((encoder) => replay.encode(encoder, batch));
  // What the bad steps have left where this one writes nothing must not be taken for its own.
  clearWritten(engine, commands());
  restore();
  for (let before = from; before < batch; before++) submit(engine, (encoder) => replay.encode(encoder, before));
  return { batch, write: await findBadWrite(engine, commands()) };
}

async function firstBadBatch(replay: Replay): Promise<number | undefined> {
  const { engine, from, until, encode, restore, isBad, signal } = replay;
  restore();
  for (let batch = from; batch <= until; batch++) {
    signal?.throwIfAborted();
    submit(engine, (encoder) => encode(encoder, batch));
    if (await isBad()) return batch;
  }
  return undefined;
}

/** What is encoded, to be run in another way. */
export function commandsOf(encode: (encoder: GPUCommandEncoder) => void): readonly Command[] {
  const recorder = new Recorder();
  encode(recorder.encoder);
  return recorder.commands;
}
