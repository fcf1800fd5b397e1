import type { Algorithm } from "../../nas/algorithm.ts";
import { bilevel } from "../../nas/bilevel-optimizer.ts";
import { defaultOrRandom } from "../../nas/finalizers.ts";
import { DartsModelDescBuilder } from "./builder.ts";

/** DARTS: differentiable architecture search (Liu, Simonyan, Yang 2019, arXiv:1806.09055). */
export const darts: Algorithm = {
  name: "darts",
  finalizers: ["default", "random"],
  method: {
    builder: () => new DartsModelDescBuilder(),
    optimizers: ({ trainer }) => ({
      weights: "optimizer",
      // The reference's optimizer of the weights has all of the model's parameters.
      ...(trainer.reference_quirks && { alphas: "optimizer" }),
    }),
    hook: (_conf, val) => bilevel(val),
    fallback: "bilevel",
    finalizer: ({ finalizer }, seed) => defaultOrRandom(finalizer, seed),
  },
};
