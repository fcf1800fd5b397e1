import type { Snapshot } from "../train/snapshot.ts";
import type { Checkpoint } from "./checkpoint.ts";
import type { Identity } from "./snapshot-file.ts";
import type { TrainingControl } from "./training-control.ts";

export interface KeptTraining {
  readonly control: TrainingControl;
  readonly trainer: { readonly title: string; readonly epochs: number };
  /** Where it is kept; undefined where it is not. */
  readonly checkpoint?: Checkpoint | undefined;
}

/**
 * A training begins, or goes on.
 * @param more see `Checkpoint.read`
 * @returns from where; undefined at its beginning
 * @throws as `Checkpoint.read`
 */
export async function takeUp(
  { control, trainer, checkpoint }: KeptTraining,
  more?: Identity,
): Promise<Snapshot | undefined> {
  const from = await checkpoint?.read(more);
  if (from) control.onRestored?.(trainer.title, from, trainer.epochs);
  if (checkpoint) control.checkpoints?.add(checkpoint);
  return from;
}

/** A training has ended, or was cut off: what it has last offered is kept. */
export async function layDown({ control, checkpoint }: KeptTraining): Promise<void> {
  if (!checkpoint) return;
  await checkpoint.keep();
  control.checkpoints?.delete(checkpoint);
}
