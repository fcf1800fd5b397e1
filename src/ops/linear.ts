import { elements } from "../graph/types.ts";
import { linear } from "./layers.ts";
import { opError, unaryOp } from "./op.ts";

/** Logits from all features of a sample, [N, `n_classes`, 1, 1]. */
export const linearOp = unaryOp("linear", (ctx, desc, x) => {
  const { nCh, nClasses } = desc.params;
  if (nCh === undefined || nClasses === undefined) {
    throw opError(ctx, desc, "needs params.n_ch (features in) and params.n_classes");
  }
  const type = ctx.g.type(x);
  const features = elements(type) / (type.shape[0] ?? 1);
  if (features !== nCh) {
    const remedy = "a pool op that leaves one pixel a channel, or another n_ch, makes them agree";
    throw opError(ctx, desc, `is described for n_ch = ${nCh} features but gets ${features} a sample; ${remedy}`);
  }
  return linear(ctx, "_op", x, nCh, nClasses);
});
