import type { Averages } from "./metric-sums.ts";

/** How far a pass over the data is; told every few batches, with the averages of the pass so far. */
export interface Progress {
  readonly phase: "train" | "validate";
  readonly epoch: number;
  readonly epochs: number;
  readonly batch: number;
  readonly batches: number;
  readonly averages: Averages;
  /** Learning rate of the weights in the last training step. */
  readonly lr: number;
}

/** Progress is told about this often, in milliseconds. */
export const REPORT_EVERY = 250;

/** Steps after which it is told at the latest: whoever is told looks whether the loss is still a number. */
export const REPORT_AFTER = 40;
