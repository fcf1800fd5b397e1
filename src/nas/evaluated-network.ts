import type { ExperimentConf } from "../config/index.ts";
import { ModelDescBuilder } from "../desc/builder.ts";
import type { ModelDesc } from "../desc/model-desc.ts";
import type { NetworkDesc } from "../desc/network-desc.ts";
import { factoryDesc, type Images } from "../models/spec.ts";

/**
 * The network of an evaluation that no search decides: the hand-written one that the conf names, else the one that the
 * algorithm fixes. Undefined where what was found is evaluated.
 */
export function givenNetwork(
  { network }: { readonly network?: (conf: ExperimentConf) => NetworkDesc },
  conf: ExperimentConf,
): ((images: Images) => NetworkDesc) | undefined {
  const { model_factory_spec: spec } = conf.nas.eval;
  if (spec) return (images) => factoryDesc(spec, images);
  return network && (() => network(conf));
}

/** A found architecture scaled to the cells and channels of the evaluation; what `Algorithm.evaluated` replaces. */
export const scaledToConf = (found: ModelDesc, { nas }: ExperimentConf): ModelDesc =>
  new ModelDescBuilder().build(nas.eval.model_desc, found);
