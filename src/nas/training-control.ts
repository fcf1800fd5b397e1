import type { Gate } from "../train/gate.ts";
import type { Progress } from "../train/progress.ts";
import type { Place } from "../train/snapshot.ts";
import type { OpenCheckpoints } from "./open-checkpoints.ts";

/** What training tells, and what holds and ends it. */
export interface TrainingControl {
  /** Title of a training run ("arch_train", …) that is about to build and compile its programs, which may take a minute. */
  readonly onPreparing?: ((title: string) => void) | undefined;
  /** Title of a training run that goes on, where it stands, and how many epochs it has in all. */
  readonly onRestored?: ((title: string, place: Place, epochs: number) => void) | undefined;
  /** Title of a training run and how far it is. */
  readonly onProgress?: ((title: string, progress: Progress) => void) | undefined;
  /** What the user should know and is no error. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Has the checkpoint of the training while it goes on. */
  readonly checkpoints?: OpenCheckpoints | undefined;
  /** Ends the training before its next step. */
  readonly signal?: AbortSignal | undefined;
  /** Holds the training before its next step while it is closed. */
  readonly gate?: Gate | undefined;
}
