import type { ModelDesc } from "../../desc/model-desc.ts";
import { modelStats } from "../../models/stats.ts";
import type { BestEpoch } from "../../train/metrics.ts";
import { convexHull } from "./hull.ts";

/** How a network came to be, in Archai's words. */
export type Stage = "SEED_TRAINED" | "SEARCH_TRAINED" | "EVAL_TRAINED";

/** What of a network decides whether it is worth growing. */
export interface Measured {
  /** Multiply-adds of one image. */
  readonly madd: number;
  /** Times it was drawn to be grown; a child starts with its parent's count. */
  readonly samplingCount: number;
  /** Share of the validation images that it classifies right, in its best epoch. */
  readonly top1: number;
}

/** A trained network of the pool. */
export interface HullPoint extends Measured {
  /** From 1, in the order of the search. */
  readonly id: number;
  readonly stage: Stage;
  /** 0 of a seed. */
  readonly parentId: number;
  readonly cells: number;
  readonly reductions: number;
  readonly nodes: number;
  readonly flops: number;
  readonly params: number;
  readonly train: BestEpoch;
  /** On the images it was validated or tested on; absent where it was not. */
  readonly val?: BestEpoch | undefined;
  readonly desc: ModelDesc;
}

/** What is counted of a network. */
export type Counted = Pick<HullPoint, "cells" | "reductions" | "nodes" | "madd" | "flops" | "params" | "desc">;

/** @param image size of its images */
export function countNetwork(desc: ModelDesc, { height, width }: { height: number; width: number }): Counted {
  const { macs: madd, flops, params } = modelStats(desc, { height, width, affine: true });
  const { cellDescs } = desc;
  const reductions = cellDescs.filter(({ cellType }) => cellType === "reduction").length;
  return { cells: cellDescs.length, reductions, nodes: cellDescs[0]!.nodes.length, madd, flops, params, desc };
}

/** The networks on the hull, and those within `eps` of it, by rising cost. Costs are multiply-adds, errors 1 - top1. */
export function frontier<P extends Measured>(points: readonly P[], eps: number): { front: P[]; near: P[] } {
  const set = { xs: points.map(({ madd }) => madd), ys: points.map(({ top1 }) => 1 - top1) };
  const { hull, near } = convexHull(set, { eps });
  return { front: hull.map((index) => points[index]!), near: near.map((index) => points[index]!) };
}

/**
 * Probability of each of the points near the hull to be the next one that grows. Those that were seldom drawn and those that
 * cost little come more often: a small network teaches the same in less time.
 */
export function samplingProbabilities(near: readonly Measured[]): number[] {
  const fresh = scores(near.map(({ samplingCount }) => samplingCount));
  const cheap = scores(near.map(({ madd }) => madd));
  const both = fresh.map((score, index) => score + cheap[index]!);
  const total = both.reduce((sum, score) => sum + score, 0);
  return both.map((score) => score / total);
}

/** 1 of the smallest, 1/2 of the largest, 1 / (1 + share of the range) between. */
function scores(values: readonly number[]): number[] {
  const smallest = Math.min(...values);
  const range = Math.max(...values) - smallest;
  return values.map((value) => 1 / (1 + (range > 0 ? (value - smallest) / range : 0)));
}

/** Draws one of the points near the hull. @param uniform01 in [0, 1) */
export function drawParent<P extends Measured>(points: readonly P[], eps: number, uniform01: number): P {
  const { near } = frontier(points, eps);
  let rest = uniform01;
  const drawn = samplingProbabilities(near).findIndex((probability) => {
    rest -= probability;
    return rest < 0;
  });
  // Probabilities add up to 1 but for rounding.
  return near.at(drawn)!;
}
