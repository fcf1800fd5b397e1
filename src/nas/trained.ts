import type { ModelDesc } from "../desc/model-desc.ts";
import type { Alphas } from "../ops/mixture.ts";
import type { CovarianceSettings, Covariances } from "../train/covariances.ts";

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
