import { flat, type Value } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";

/**
 * Scales each sample of an edge's output by its mask, flat [N]: 0 for the samples that lose this path, 1/(1-p) for the
 * others. Nothing happens in evaluation mode.
 */
export function lowerDropPath(ctx: LowerContext, y: Value): Value {
  const { g, options } = ctx;
  if (!options.training || options.dropPath === "none" || options.dropPath === "off") return y;
  const [samples = 0] = g.type(y).shape;
  const index = ctx.nextDropPathIndex();
  const mask =
    options.dropPath === "sampled"
      ? g.add("drop_path_mask", [], { index, samples })
      : g.input(`mask/${index}`, flat([samples]));
  return g.add("scale_samples", [y, mask], {});
}
