import * as batchNorm from "./batch-norm.ts";
import * as conv from "./conv.ts";
import type { OpDefs } from "./def.ts";
import * as loss from "./loss.ts";
import * as pointwise from "./pointwise.ts";
import * as pool from "./pool.ts";
import * as shape from "./shape.ts";
import * as sources from "./sources.ts";
import * as sums from "./sums.ts";

export type { OpDef, OpDefs } from "./def.ts";

/** Shape inference and gradients of the whole catalogue. */
export const opDefs: OpDefs = {
  ...sources,
  ...conv,
  ...batchNorm,
  ...pointwise,
  ...pool,
  ...shape,
  ...sums,
  ...loss,
};
