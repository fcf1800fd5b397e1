/** A search of a sweep: a shape, and which of its repetitions. */
export interface SweepPlace {
  readonly reductions: number;
  readonly cells: number;
  /** Of a cell. */
  readonly nodes: number;
  readonly iteration: number;
}

export interface SweepFigures {
  /** Of the short training of what was found: accuracies of the best epoch, and which that was, from 0. */
  readonly train: { readonly top1: number; readonly epoch: number };
  /** The same on images kept back. */
  readonly val: { readonly top1: number; readonly epoch: number };
  /** Of the network that was trained: trainable numbers, and of one image operations (Archai's count) and multiply-adds. */
  readonly params: number;
  readonly flops: number;
  readonly macs: number;
  /** Of one image: from its pixels on the host to its probabilities there, and bytes on the device, if they are known. */
  readonly inference: { readonly seconds: number; readonly bytes?: number };
}

/** A line of a sweep's summary. */
export interface SweepRow extends SweepPlace, SweepFigures {
  /** No other is more accurate and costs no more, or is as accurate and costs less. */
  readonly pareto: boolean;
  /** It is what the sweep has found. */
  readonly found: boolean;
}

/** Costs that the Pareto set may be low in. */
export const COST_NAMES = ["params", "macs", "memory", "latency"] as const;

export type CostName = (typeof COST_NAMES)[number];

/** Bytes, seconds or a count; NaN where it is not known. */
export function costOf({ params, macs, inference }: SweepFigures, name: CostName): number {
  const { seconds, bytes = Number.NaN } = inference;
  return { params, macs, memory: bytes, latency: seconds }[name];
}
