import type { Algorithm } from "../../nas/algorithm.ts";
import { defaultOrRandom } from "../../nas/finalizers.ts";
import { DartsModelDescBuilder } from "../darts/builder.ts";

/**
 * DARTS at one level: weights and alphas learn from the same batches and the same gradient, clipped together, each with an
 * optimizer and a schedule of its own.
 */
export const didarts: Algorithm = {
  name: "didarts",
  finalizers: ["default", "random"],
  method: {
    builder: () => new DartsModelDescBuilder(),
    optimizers: () => ({ weights: "optimizer", alphas: "alpha_optimizer" }),
    finalizer: ({ finalizer }, seed) => defaultOrRandom(finalizer, seed),
  },
};
