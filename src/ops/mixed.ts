import type { OpDesc } from "../desc/model-desc.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { gumbelOp } from "./gumbel.ts";
import { ALPHAS, candidatesOf, mix, PRIMITIVES, SMALL_NORMAL } from "./mixture.ts";
import { unaryOp } from "./op.ts";

function softmaxMix(ctx: LowerContext, desc: OpDesc, x: Value): Value {
  // Alphas before candidates: parameter order is PyTorch's.
  const alphas = ctx.alphas(ALPHAS, PRIMITIVES.length, SMALL_NORMAL);
  return mix(ctx, ctx.g.add("softmax", [alphas], {}), candidatesOf(ctx, desc, x));
}

/** DARTS: all primitives, weighted with the softmax of the alphas. */
const mixedOp = unaryOp("mixed_op", softmaxMix);

/** DivNAS: as DARTS, or (`divAlphas` false) without alphas, just the sum. */
const divOp = unaryOp("div_op", (ctx, desc, x) =>
  ctx.options.divAlphas === false ? ctx.g.add("add", candidatesOf(ctx, desc, x).values, {}) : softmaxMix(ctx, desc, x),
);

/** XNAS: weights are alphas / Σ alphas. Not gradients move the alphas but rewards, as `updateXnasAlphas` does. */
const xnasOp = unaryOp("xnas_op", (ctx, desc, x) => {
  const { g } = ctx;
  const { rewards } = ctx.options;
  const alphas = ctx.alphas(ALPHAS, PRIMITIVES.length, { kind: "constant", value: 1 });
  const shares = g.add("normalize", [g.add("stop_gradient", [alphas], {})], {});
  // The zeros change nothing but hand the alphas the gradient by the shares.
  const weights = rewards ? g.add("add", [shares, g.add("stop_forward", [alphas], {})], {}) : shares;
  return mix(ctx, weights, candidatesOf(ctx, desc, x), { clip: rewards?.clip });
});

/** Ops that mix all primitives on an edge. */
export const mixedOps: readonly Op[] = [mixedOp, divOp, gumbelOp, xnasOp];
