import type { ExperimentConf } from "../config/index.ts";
import type { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import type { MixtureOptions } from "../ops/context.ts";
import type { Temperature } from "../train/course.ts";
import type { CovarianceSettings, Covariances } from "../train/covariances.ts";
import type { Feed } from "../train/feed.ts";
import type { StepHookFactory } from "../train/trainer.ts";
import type { TrainedBy } from "../train/weight-update.ts";
import type { Evaluate } from "./evaluater.ts";
import type { Alphas } from "./finalizers.ts";
import type { Search } from "./search.ts";

export type SearchConf = ExperimentConf["nas"]["search"];

/** A value of `nas.search.finalizer`. */
export type FinalizerName = SearchConf["finalizer"];

/** What is different about one search algorithm; everything else is the same pipeline. */
export interface Algorithm {
  readonly name: string;
  /** The finalizers it has; a search whose conf names another is refused before anything is trained. */
  readonly finalizers: readonly FinalizerName[];
  /**
   * Settings that cannot work together, beyond the finalizer.
   * @throws SupernetError("config") naming the keys and the remedy
   */
  readonly check?: (conf: ExperimentConf) => void;
  /** How a supernet is built, trained and finalized; absent where none is trained. */
  readonly method?: SearchMethod;
  /** Finds architectures; without it and `method` there is nothing to search, and only the evaluation runs. */
  readonly search?: Search;
  /** The network that is evaluated, where the conf alone says which; default is what was found. */
  readonly network?: (conf: ExperimentConf) => NetworkDesc;
  /** The network that is evaluated of what was found; default is to scale it to the conf's cells and channels. */
  readonly evaluated?: (found: ModelDesc, conf: ExperimentConf) => ModelDesc;
  /** Evaluates what was found; default is to train it as it is. */
  readonly evaluate?: Evaluate;
}

export const searches = ({ method, search }: Algorithm): boolean => method !== undefined || search !== undefined;

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

/** What a finalizer decides by. */
export interface Trained {
  /** After the last step. */
  readonly alphas: Alphas;
  /** Of the candidates; there if the finalizer asks for them. */
  readonly covariances?: Covariances;
}

export interface Finalizer {
  /** Set by finalizers that decide by covariances: how they are to be computed. */
  readonly covariances?: CovarianceSettings;
  /** @throws SupernetError("desc") when alphas are missing, or what it decides by is not finite */
  finalize(supernet: ModelDesc, trained: Trained): ModelDesc;
}
