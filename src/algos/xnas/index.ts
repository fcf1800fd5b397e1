import type { ExperimentConf } from "../../config/index.ts";
import { modelOf } from "../../desc/network-desc.ts";
import { SupernetError } from "../../errors.ts";
import type { Algorithm } from "../../nas/algorithm.ts";
import { expertOptimizer } from "../../nas/expert-optimizer.ts";
import { defaultOrRandom } from "../../nas/finalizers.ts";
import { sampleBySample } from "../../nas/sample-by-sample.ts";
import type { SearchConf } from "../../nas/search-method.ts";
import type { Feed } from "../../train/feed.ts";
import type { HookContext, StepHookFactory } from "../../train/trainer.ts";
import { XnasModelDescBuilder } from "./builder.ts";
import { privateExperts, sharedExperts } from "./horizon.ts";

/**
 * XNAS: neural architecture search with expert advice (Nayman et al. 2019, arXiv:1906.08031). `trainer.grad_clip` is the
 * paper's bound L of the rewards.
 *
 * `trainer.reference_quirks` does as Archai: a pass for every validation sample, rewards that are not clipped, alphas of their
 * own for every cell, and the last sample's gradient in the weight step.
 */
export const xnas: Algorithm = {
  name: "xnas",
  finalizers: ["default", "random"],
  check,
  method: {
    builder: ({ trainer }) => new XnasModelDescBuilder({ shared: !trainer.reference_quirks }),
    mixtures: ({ trainer }) => ({ rewards: trainer.reference_quirks ? {} : { clip: trainer.grad_clip } }),
    optimizers: () => ({ weights: "optimizer" }),
    hook: experts,
    finalizer: ({ finalizer }, seed) => defaultOrRandom(finalizer, seed),
  },
};

function experts({ trainer, xnas: settings }: SearchConf, val: Feed): StepHookFactory {
  const { grad_clip: bound, epochs, reference_quirks: quirks } = trainer;
  const evictBy = settings?.to_evict ? bound : undefined;
  const batch = val.samples * val.chunks;
  const advice = ({ network, stepsPerEpoch }: HookContext) => {
    // The reference counts the validation batches that there are, not those that are used.
    const samples = (quirks ? val.startPass(0) : stepsPerEpoch) * epochs * batch;
    return { groups: (quirks ? privateExperts : sharedExperts)(modelOf(network.desc), samples, bound), evictBy };
  };
  return quirks ? sampleBySample(val, advice) : expertOptimizer(val, advice);
}

function check({ nas: { search } }: ExperimentConf): void {
  const { grad_clip: bound, l1_alphas: l1 } = search.trainer;
  if (bound === 0) {
    throw new SupernetError(
      "config",
      "xnas bounds its rewards by nas.search.trainer.grad_clip, which is 0; set it above 0, as in xnas.yaml",
    );
  }
  if (l1 > 0) {
    throw new SupernetError(
      "config",
      `xnas moves its alphas by rewards alone, which nas.search.trainer.l1_alphas ${l1} is no part of; set it to 0`,
    );
  }
}
