import type { Algorithm } from "../../nas/algorithm.ts";
import { byAlphas, defaultOrRandom } from "../../nas/finalizers.ts";
import { GsModelDescBuilder } from "./builder.ts";
import { drawsOf } from "./draw.ts";
import { selectSampled } from "./finalizer.ts";
import { ReferenceGsFinalizer } from "./reference-finalizer.ts";
import { temperatureOf } from "./temperature.ts";

/**
 * Gumbel-softmax search: every node samples its ops from the softmax of its alphas, and the alphas learn through the samples,
 * at one level (SNAS: Xie, Zheng, Liu, Lin 2019, arXiv:1812.09926).
 */
export const gs: Algorithm = {
  name: "gs",
  finalizers: ["default", "random"],
  check: ({ nas }) => {
    temperatureOf(nas.search);
  },
  method: {
    builder: () => new GsModelDescBuilder(),
    mixtures: ({ trainer }) => ({ gumbel: trainer.reference_quirks ? "sorted" : "sampled" }),
    optimizers: ({ trainer }) => ({
      weights: "optimizer",
      // Nothing moves the reference's alphas: no gradient reaches them.
      ...(!trainer.reference_quirks && { alphas: "alpha_optimizer" }),
    }),
    temperature: temperatureOf,
    finalizer: ({ finalizer, trainer, model_desc }, seed) => {
      if (finalizer === "random") return defaultOrRandom(finalizer, seed);
      const samples = model_desc.cell.gs?.num_sample ?? 1;
      const draw = drawsOf(seed);
      return trainer.reference_quirks
        ? new ReferenceGsFinalizer(samples, draw)
        : byAlphas(selectSampled(samples, draw));
    },
  },
};
