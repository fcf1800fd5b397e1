import * as batchNorm from "./batch-norm.ts";
import * as conv from "./conv.ts";
import type { OpDefs } from "./def.ts";
import * as dense from "./dense.ts";
import * as depthwise from "./depthwise.ts";
import { pair_distances } from "./distances.ts";
import * as gumbel from "./gumbel.ts";
import * as loss from "./loss.ts";
import * as mix from "./mix.ts";
import * as noise from "./noise.ts";
import * as pointwise from "./pointwise.ts";
import * as pointwiseConv from "./pointwise-conv.ts";
import * as pool from "./pool.ts";
import * as shape from "./shape.ts";
import * as sources from "./sources.ts";
import * as sums from "./sums.ts";

export type { OpDef, OpDefs } from "./def.ts";

/** Shape inference and gradients of the whole catalogue. */
export const opDefs: OpDefs = {
  ...sources,
  ...conv,
  ...dense,
  depthwise: depthwise.depthwise,
  depthwise_dx: depthwise.depthwise_dx,
  depthwise_dw: depthwise.depthwise_dw,
  pointwise: pointwiseConv.pointwise,
  pointwise_dx: pointwiseConv.pointwise_dx,
  pointwise_dw: pointwiseConv.pointwise_dw,
  mix: mix.mix,
  mix_grad: mix.mix_grad,
  sample_dots: mix.sample_dots,
  mix_dx: mix.mix_dx,
  mix_dw: mix.mix_dw,
  ...batchNorm,
  ...pointwise,
  ...noise,
  ...pool,
  ...shape,
  ...sums,
  ...gumbel,
  pair_distances,
  ...loss,
};
