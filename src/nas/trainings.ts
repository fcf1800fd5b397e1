import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import type { ChunkedTraining } from "./chunks.ts";
import { evaluationPlan, searchPlan } from "./feeds.ts";
import { drivesAlphas } from "./search-method.ts";
import { type FixedSetup, type SearchSetup, type SetupContext, setUpFixed, setUpSearch } from "./training-setup.ts";

type Given<Setup> = Omit<Setup, keyof SetupContext | "chunks">;

/** Of a supernet with its alphas. */
export function searchTraining(desc: ModelDesc, given: Given<SearchSetup>): ChunkedTraining {
  const { conf, method } = given;
  return {
    section: "nas.search.trainer",
    chunks: conf.trainer.batch_chunks,
    batch: () => {
      const alphasApart = drivesAlphas(method, conf);
      return searchPlan({ ...given, loader: conf.loader, chunks: 1, alphasApart }).sizes.batch;
    },
    setUp: (context, chunks) => setUpSearch(desc, { ...given, ...context, chunks }),
  };
}

/** Of a network without alphas. @param section where the conf has its trainer */
export function fixedTraining(desc: NetworkDesc, section: string, given: Given<FixedSetup>): ChunkedTraining {
  return {
    section,
    chunks: given.trainer.batch_chunks,
    batch: () => evaluationPlan({ ...given, chunks: 1 }, given.validateOn).sizes.batch,
    setUp: ({ engine }, chunks) => setUpFixed(desc, { ...given, engine, chunks }),
  };
}
