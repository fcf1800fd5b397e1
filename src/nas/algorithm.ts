import type { ExperimentConf } from "../config/index.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import type { Evaluate } from "./evaluater.ts";
import type { Search } from "./search.ts";
import type { FinalizerName, SearchMethod } from "./search-method.ts";

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
