import { type FactoryDesc, isFactory, type NetworkDesc } from "../desc/network-desc.ts";
import { SupernetError } from "../errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { planes } from "../graph/types.ts";
import { type LoweredModel, lowerModel, type ModelOptions } from "../ops/model.ts";
import { lowerInto } from "../ops/registry.ts";
import { findFactory } from "./registry.ts";

/**
 * The forward graph of any network: cells of a model description, or a hand-written one.
 * @throws SupernetError "desc", "config" or "graph" naming what it objects to
 */
export function lowerNetwork(desc: NetworkDesc, options: ModelOptions): LoweredModel {
  return isFactory(desc) ? lowerFactory(desc, options) : lowerModel(desc, options);
}

function lowerFactory(desc: FactoryDesc, options: ModelOptions): LoweredModel {
  const { batch, height, width } = options;
  const factory = findFactory(desc.factory);
  const shrink = factory.shrink(desc.images);
  const refuse = (needs: string) => {
    throw new SupernetError(
      "desc",
      `${desc.factory} makes images ${shrink} times smaller and needs ${needs}, but they are ${height}x${width}; ` +
        "choose another network in nas.eval.model_factory_spec, or images of another size",
    );
  };
  if (Math.min(height, width) < shrink) refuse(`at least ${shrink}x${shrink} pixels`);
  if (factory.whole && (height % shrink !== 0 || width % shrink !== 0)) refuse(`sides that are multiples of ${shrink}`);
  const builder = new GraphBuilder();
  const x = builder.input("x", planes([batch, desc.dsCh, height, width]));
  const logits = factory.lower(lowerInto(builder, options), x, desc);
  return { builder, x, logits };
}
