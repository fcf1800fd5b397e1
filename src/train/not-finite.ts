import { SupernetError } from "../errors.ts";
import { IMAGES } from "./feed.ts";
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
  /** The first tensor that went bad; undefined where it was not found. */
  readonly tensor: string | undefined;
  /** The message without its remedy. */
  readonly what: string;

  /** @param halvings how often the learning rate was halved before; undefined where it cannot be */
  constructor(place: BadPlace, tensor: string | undefined, halvings: number | undefined) {
    const what = whatHappened(place, tensor);
    super("numeric", `${what}; ${remedy(place, tensor, halvings)}`);
    this.what = what;
    this.epoch = place.epoch;
    this.step = place.batch ?? 0;
    this.tensor = tensor;
  }
}

/** People count from 1. */
function whatHappened({ phase, epoch, epochs, batch, batches }: BadPlace, tensor: string | undefined): string {
  const step = batch === undefined ? "before the first step" : `step ${batch + 1} of ${batches}`;
  const where = `NaN or infinity in ${PHASES[phase]}, epoch ${epoch + 1} of ${epochs}, ${step}`;
  return tensor ? `${where}: it came up first in ${tensor}` : `${where}, and not again when the step was run once more`;
}

const PHASES = { train: "training", validate: "validation" };

function remedy({ batch }: BadPlace, tensor: string | undefined, halvings: number | undefined): string {
  if (batch === undefined) return "start from other weights";
  if (!tensor) return "go on from the last checkpoint; if it happens again, the device computes wrongly";
  if (tensor === IMAGES) return "look into the data set, and whether its normalisation divides by 0";
  const lower = "lower the trainer's optimizer.lr, or bound the gradient with grad_clip";
  if (halvings === undefined) return lower;
  if (halvings > 0) return `halving the learning rate ${halvings} times has not helped; ${lower}`;
  return `${lower}, or set on_nonfinite: back_off, which goes back to the start of the epoch and halves the learning rate`;
}
