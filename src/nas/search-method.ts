import type { ExperimentConf } from "../config/index.ts";
import type { ModelDescBuilder } from "../desc/builder.ts";
import type { MixtureOptions } from "../ops/context.ts";
import type { Temperature } from "../train/course.ts";
import type { Feed } from "../train/feed.ts";
import type { StepHookFactory } from "../train/trainer.ts";
import type { TrainedBy } from "../train/weight-update.ts";
import type { Finalizer } from "./trained.ts";

export type SearchConf = ExperimentConf["nas"]["search"];

/** A value of `nas.search.finalizer`. */
export type FinalizerName = SearchConf["finalizer"];

/** What an algorithm does with a supernet. */
export interface SearchMethod {
  /** Builds the network that is searched. */
  readonly builder: (conf: SearchConf) => ModelDescBuilder;
  /** How its mixtures enter the graph, where the ops leave a choice. */
  readonly mixtures?: (conf: SearchConf) => MixtureOptions;
  /**
   * Whether batch norms have scale and shift: where the supernet continues a network that has them. Default false, as in
   * DARTS.
   */
  readonly affine?: boolean;
  /** Which optimizers of the conf's trainer move weights and alphas in each step. */
  readonly optimizers: (conf: SearchConf) => TrainedBy;
  /** Of Gumbel-softmax samples, by epoch from 0; default is 1. @throws SupernetError("config") on impossible settings */
  readonly temperature?: (conf: SearchConf) => Temperature;
  /** What happens before each weight step. @param val batches to drive the alphas with */
  readonly hook?: (conf: SearchConf, val: Feed) => StepHookFactory;
  /** What TensorFlow.js does in place of `hook`; absent where it has nothing alike. */
  readonly fallback?: "bilevel";
  /** Turns what was trained into an architecture; `nas.search.finalizer` is one of the algorithm's. */
  readonly finalizer: (conf: SearchConf, seed: number) => Finalizer;
}

/** Whether batches of their own drive alphas: the method has a hook for it, and by the conf there are some. */
export const drivesAlphas = ({ hook, mixtures }: SearchMethod, conf: SearchConf): boolean =>
  hook !== undefined && mixtures?.(conf).divAlphas !== false;
