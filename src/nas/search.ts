import type { ModelDesc } from "../desc/model-desc.ts";
import type { Alphas } from "../ops/mixture.ts";
import type { RunRecord } from "../train/metrics.ts";
import type { GalleryEntry } from "./gallery.ts";
import type { PhaseParts } from "./phase-parts.ts";
import type { FixedTraining } from "./trainers.ts";

export interface SearchResult {
  /** What is to be evaluated. */
  readonly found: ModelDesc;
  /** All that is to be evaluated, where that is more than one; `found` among them. */
  readonly gallery?: readonly GalleryEntry[];
  /** Lines for a terminal. */
  readonly report?: string;
  /** What was trained to find it, where a supernet was. */
  readonly supernet?: TrainedSupernet;
  /** A short training of what was found, if the conf asks for it. */
  readonly postTrain?: PostTraining;
}

/** What a short training of a found architecture yields. */
export interface PostTraining extends FixedTraining {
  /** The network that was trained. */
  readonly desc: ModelDesc;
}

export interface TrainedSupernet {
  /** Its edges are those that the alphas weigh. */
  readonly desc: ModelDesc;
  readonly alphas: Alphas;
  readonly run: RunRecord;
}

/** Finds an architecture. Writes `final_model_desc.yaml` and whatever else there is to tell. */
export type Search = (parts: PhaseParts) => Promise<SearchResult>;
