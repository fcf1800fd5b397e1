/** Vectors of experts that are updated alike, and how long. */
export interface ExpertGroup {
  /** Names of the alphas, one vector of experts each. */
  readonly names: readonly string[];
  /** Learning rate η. */
  readonly rate: number;
  /** Rewards that each vector gets from one sample: one from every cell that uses it. */
  readonly perSample: number;
  /** Of these, which one this group's is, counted from 0, if its rewards are not added up but applied one by one. */
  readonly place?: number;
  /** Rewards that each vector gets in the whole run (T). */
  readonly total: number;
}

/** What exponentiated-gradient updates of a search's alphas go by. */
export interface ExpertAdvice {
  readonly groups: readonly ExpertGroup[];
  /** Largest reward L of a sample and cell; experts that it cannot bring back are evicted. Undefined evicts nobody. */
  readonly evictBy: number | undefined;
}
