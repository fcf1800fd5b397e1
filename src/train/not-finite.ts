import { SupernetError } from "../errors.ts";
import type { Progress } from "./progress.ts";

/** NaN or infinity was seen in a pass; whoever knows the training makes a `NumericError` of it. */
export class NotFinite extends Error {
  /** Of the pass, from 0: the first with such a loss, or after which a parameter was such. */
  readonly batch: number;

  constructor(batch: number) {
    super(`batch ${batch} is not finite`);
    this.batch = batch;
  }
}

/** Where in a training NaN or infinity came up. Epoch and batch count from 0; without a batch it was there before the first. */
export interface BadPlace extends Pick<Progress, "phase" | "epoch" | "epochs" | "batches"> {
  readonly batch: number | undefined;
}

/** A training that cannot go on: NaN and infinity are all that would come of it. */
export class NumericError extends SupernetError {
  readonly epoch: number;
  /** In the epoch's training or validation, from 0. */
  readonly step: number;
  /** The first tensor that went bad. */
  readonly tensor: string;

  /** @param halvings how often the learning rate was halved before */
  constructor(place: BadPlace, tensor: string, halvings = 0) {
    super("numeric", `${whatHappened(place, tensor)}; ${remedy(halvings)}`);
    this.epoch = place.epoch;
    this.step = place.batch ?? 0;
    this.tensor = tensor;
  }
}

/** One clause about what went bad and where; people count from 1. */
export function whatHappened({ phase, epoch, epochs, batch, batches }: BadPlace, tensor: string): string {
  const step = batch === undefined ? "before the first step" : `step ${batch + 1} of ${batches}`;
  const what = phase === "train" ? "training" : "validation";
  return `NaN or infinity in ${what}, epoch ${epoch + 1} of ${epochs}, ${step}: it came up first in ${tensor}`;
}

function remedy(halvings: number): string {
  const lower = "lower the trainer's optimizer.lr, or bound the gradient with grad_clip";
  if (halvings > 0) return `halving the learning rate ${halvings} times has not helped; ${lower}`;
  return `${lower}, or set on_nonfinite: back_off, which goes back an epoch and halves the learning rate`;
}
