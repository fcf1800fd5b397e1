import type { OpDesc } from "../desc/model-desc.ts";
import type { Init, Value } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";
import { conv, stride } from "./op.ts";

/** The candidates of an edge, in the order of the alphas. */
export const PRIMITIVES = [
  "max_pool_3x3",
  "avg_pool_3x3",
  "skip_connect",
  "sep_conv_3x3",
  "sep_conv_5x5",
  "dil_conv_3x3",
  "dil_conv_5x5",
  "none",
] as const;

export const ALPHAS = "alphas_arch_param";

/** Start of alphas: nearly uniform after a softmax, yet not tied. */
export const SMALL_NORMAL: Init = { kind: "normal", std: 1e-3 };

/** Architecture parameters by PyTorch name. */
export type Alphas = ReadonlyMap<string, ArrayLike<number>>;

/** PyTorch's name of the alphas of an edge. @param cell that owns them */
export const alphasName = (cell: number, node: number, edge: number): string =>
  `cells.${cell}.dag.${node}.${edge}._wrapped.${ALPHAS}`;

/** Results of an edge's candidates on x, and which primitive each is. `none` has no term: it would add zeros. */
export interface Candidates {
  readonly indices: readonly number[];
  readonly values: readonly Value[];
}

/**
 * Lowers every primitive on x.
 * @param moduleOf module name of primitive i
 */
export function lowerCandidates(
  ctx: LowerContext,
  desc: OpDesc,
  x: Value,
  stride: number,
  moduleOf: (index: number) => string,
): Candidates {
  const params = { conv: conv(ctx, desc), stride };
  const chosen = PRIMITIVES.flatMap((name, index) => (name === "none" ? [] : [{ name, index }]));
  const values = chosen.map(({ name, index }) =>
    ctx.child(moduleOf(index), (sub) =>
      sub.lowerOp({ name, inLen: 1, params, children: null, childrenIns: null }, [x]),
    ),
  );
  ctx.addCandidates(values);
  return { indices: chosen.map(({ index }) => index), values };
}

/** The candidates of an edge that mixes all primitives, as its modules `_ops`. */
export const candidatesOf = (ctx: LowerContext, desc: OpDesc, x: Value): Candidates =>
  lowerCandidates(ctx, desc, x, stride(desc), (index) => `_ops.${index}`);

interface MixSettings {
  /** Where in the weights those of the edge begin. */
  readonly offset?: number;
  /** See `weighted_sum`. */
  readonly clip?: number | undefined;
}

/** Σ weights[offset + i] * candidate i; weights is flat, one element a primitive. */
export function mix(
  ctx: LowerContext,
  weights: Value,
  candidates: Candidates,
  { offset = 0, clip }: MixSettings = {},
): Value {
  const indices = candidates.indices.map((index) => offset + index);
  const attrs = { indices, ...(clip !== undefined && { clip }) };
  return ctx.g.add("weighted_sum", [weights, ...candidates.values], attrs);
}
