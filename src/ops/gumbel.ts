import { flat, type Value } from "../graph/types.ts";
import type { LowerContext, Op, PlacedOp } from "./context.ts";
import { ALPHAS, candidatesOf, mix, PRIMITIVES, SMALL_NORMAL } from "./mixture.ts";
import { soleInput } from "./op.ts";

/** Weights of an edge's primitives: elements of `vector` from `offset` on. */
interface EdgeWeights {
  readonly vector: Value;
  readonly offset: number;
}

/**
 * Gumbel softmax (SNAS: Xie et al. 2019, arXiv:1812.09926, here as in Archai with one choice a node): what a node computes is
 * chosen among all primitives of all its edges. Training mixes them by samples of that choice, softened by a temperature so
 * that gradients reach the alphas. Evaluation mixes by the probabilities themselves: they are what the samples stand for,
 * and the same network gives the same answer every time.
 */
function lowerTogether(edges: readonly PlacedOp[]): Value[] {
  const parts = edges.map(({ within, desc, inputs }) =>
    within((ctx) => {
      const x = soleInput(ctx, desc, inputs);
      // Alphas before candidates: parameter order is PyTorch's.
      const alphas = ctx.alphas(ALPHAS, PRIMITIVES.length, SMALL_NORMAL);
      return { alphas, candidates: candidatesOf(ctx, desc, x) };
    }),
  );
  const alphas = parts.map((part) => part.alphas);
  const weights = edges[0]!.within((ctx) =>
    ctx.options.gumbel === "input" ? fedWeights(edges) : sampledWeights(ctx, alphas, samplesOf(edges[0]!)),
  );
  return edges.map(({ within }, edge) =>
    within((ctx) => mix(ctx, weights[edge]!.vector, parts[edge]!.candidates, weights[edge])),
  );
}

const samplesOf = ({ desc }: PlacedOp): number => (desc.params.gs_num_sample as number | undefined) ?? 1;

function sampledWeights(ctx: LowerContext, alphas: readonly Value[], samples: number): EdgeWeights[] {
  const { g, options } = ctx;
  const sort = (vector: Value) => g.add("stop_gradient", [g.add("sort_descending", [vector], {})], {});
  const vectors = options.gumbel === "sorted" ? alphas.map(sort) : alphas;
  const vector = g.add("gumbel_softmax", vectors, {
    index: ctx.nextGumbelIndex(),
    samples: options.training ? samples : 0,
  });
  return alphas.map((_, edge) => ({ vector, offset: edge * PRIMITIVES.length }));
}

const fedWeights = (edges: readonly PlacedOp[]): EdgeWeights[] =>
  edges.map(({ within }) => ({
    vector: within((ctx) => ctx.g.input(ctx.name("sampled_weights"), flat([PRIMITIVES.length]))),
    offset: 0,
  }));

/** An edge of a node whose edges share one Gumbel-softmax choice. */
export const gumbelOp: Op = {
  name: "gs_op",
  // Samples leave paths out by themselves.
  canDropPath: false,
  lower: (ctx, desc, inputs) => lowerTogether([{ desc, inputs, within: (body) => body(ctx) }])[0]!,
  lowerTogether,
};
