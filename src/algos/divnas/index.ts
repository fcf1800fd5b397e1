import type { ExperimentConf } from "../../config/index.ts";
import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { bilevel } from "../../nas/bilevel-optimizer.ts";
import type { SearchConf } from "../../nas/search-method.ts";
import { DivnasModelDescBuilder } from "./builder.ts";
import { type DivnasConf, divnasFinalizer } from "./finalizers.ts";

/**
 * DivNAS, an algorithm of Archai's: a supernet as in DARTS, of whose candidates those are kept that tell most about the others,
 * by the mutual information between what they yield.
 */
export const divnas: Algorithm = {
  name: "divnas",
  finalizers: ["mi_ranked", "mi", "default", "random"],
  check,
  method: {
    builder: () => new DivnasModelDescBuilder(),
    mixtures: (conf) => ({ divAlphas: trainsAlphas(conf) }),
    optimizers: (conf) => ({
      weights: "optimizer",
      // The reference's optimizer of the weights has all of the model's parameters.
      ...(conf.trainer.reference_quirks && trainsAlphas(conf) && { alphas: "optimizer" }),
    }),
    hook: (_conf, val) => bilevel(val),
    fallback: "bilevel",
    finalizer: (conf, seed) => divnasFinalizer(conf, divnasConf(conf), seed),
  },
};

/** Without alphas all candidates are just added up. */
const trainsAlphas = (conf: SearchConf): boolean => divnasConf(conf).archtrainer === "bilevel";

/** Archai's values where the conf has none. */
const divnasConf = ({ divnas: conf }: SearchConf): DivnasConf => conf ?? { sigma: 168, archtrainer: "bilevel" };

/** Finalizers that rank candidates by alphas. */
const RANKING = ["default", "mi_ranked"];

/** @throws SupernetError("config") for a finalizer that needs what the trainer does not train, or a kernel without width */
function check({ nas: { search } }: ExperimentConf): void {
  const { finalizer } = search;
  if (!trainsAlphas(search) && RANKING.includes(finalizer)) {
    throw new SupernetError(
      "config",
      `nas.search.finalizer "${finalizer}" ranks ops by their alphas, and with nas.search.divnas.archtrainer "noalpha" there ` +
        'are none; set the finalizer to mi or random, or archtrainer to "bilevel"',
    );
  }
  if (divnasConf(search).sigma === 0) {
    throw new SupernetError("config", "nas.search.divnas.sigma is 0; it must be above, the reference has 168");
  }
}
