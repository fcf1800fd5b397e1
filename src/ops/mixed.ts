import type { OpDesc } from "../desc/model-desc.ts";
import { flat, type Init, type Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { ALPHAS, lowerCandidates, mix, PRIMITIVES } from "./mixture.ts";
import { stride, unaryOp } from "./op.ts";

/** Nearly uniform after the softmax, yet not tied. */
const SMALL_NORMAL: Init = { kind: "normal", std: 1e-3 };

const candidatesOf = (ctx: LowerContext, desc: OpDesc, x: Value) =>
  lowerCandidates(ctx, desc, x, stride(desc), (index) => `_ops.${index}`);

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

/**
 * Gumbel softmax: the weights are sampled outside, over all edges of a node at once, and come as graph input
 * `<module>.sampled_weights`, flat [8]. The alphas are parameters of the edge that the sampler reads.
 */
const gsOp = unaryOp("gs_op", (ctx, desc, x) => {
  ctx.alphas(ALPHAS, PRIMITIVES.length, SMALL_NORMAL);
  const weights = ctx.g.input(ctx.name("sampled_weights"), flat([PRIMITIVES.length]));
  return mix(ctx, weights, candidatesOf(ctx, desc, x));
});

/** XNAS: weights are alphas / Σ alphas. Not gradients move the alphas but rewards, as `updateXnasAlphas` does. */
const xnasOp = unaryOp("xnas_op", (ctx, desc, x) => {
  const { g } = ctx;
  const { rewards } = ctx.options;
  const alphas = ctx.alphas(ALPHAS, PRIMITIVES.length, { kind: "constant", value: 1 });
  const shares = g.add("normalize", [g.add("stop_gradient", [alphas], {})], {});
  // The zeros change nothing but hand the alphas the gradient by the shares.
  const weights = rewards ? g.add("add", [shares, g.add("stop_forward", [alphas], {})], {}) : shares;
  return mix(ctx, weights, candidatesOf(ctx, desc, x), rewards?.clip);
});

/** Ops that mix all primitives on an edge. */
export const mixedOps: readonly Op[] = [mixedOp, divOp, gsOp, xnasOp];
