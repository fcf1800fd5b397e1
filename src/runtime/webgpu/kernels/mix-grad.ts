import type { MixAttrs, OpAttrs } from "../../../graph/types.ts";
import { grid, type Lower, type LowerContext, quads, type TensorRef } from "../kernel.ts";
import { planePixels } from "./launch.ts";
import { mixReduction } from "./mix-groups.ts";
import { mixParts } from "./mix-parts.ts";
import { NUMBERS, vectorChunks } from "./mix-vectors.ts";
import { finishSampleDots, sampleReduction } from "./sample-dots.ts";
import { shapeClass, sized } from "./tuned.ts";

/** One sweep sums for all terms, sample by sample if `sample_dots` are asked for along the way; then what follows from it. */
export const mixGrad: Lower<"mix_grad"> = (context) => {
  const { node, inputs, output, epilogues } = context;
  const [dy, ...rest] = inputs as [TensorRef, ...TensorRef[]];
  const { terms, channels } = node.attrs;
  const tuning = sized(context.tuning, `mix_grad ${terms.length} terms ${shapeClass(dy.type)}`);
  const samples = epilogues.length > 0;
  const { parts, ...launch } = samples ? sampleReduction(dy, context.tuning) : mixReduction(dy, tuning);
  const sums = mixParts(context, { dy, inputs: rest, terms, launch, parts, samples });
  finishMixGrad(context, { ...node.attrs, inputs: rest, sums, parts, pixels: planePixels(dy.type), grad: output });
  for (const { node: follower, output: dots } of epilogues) {
    const { clip } = follower.attrs as OpAttrs["sample_dots"];
    finishSampleDots(context, { channels, terms, clip, dy, inputs: rest, sums, parts, dots });
  }
};

/** What the second stage of `mix_grad` makes its result of. */
export interface MixSums extends MixAttrs {
  /** Those of `mix`. */
  readonly inputs: readonly TensorRef[];
  /**
   * [Σ dy, then a row per term][quad] of `parts` vectors, which add up to Σ dy or Σ dy * (x - origin), and the origin: any value
   * near x's, the same for all pixels.
   */
  readonly sums: TensorRef;
  readonly parts: number;
  /** N*H*W. */
  readonly pixels: number;
  readonly grad: TensorRef;
}

/** Adds up the parts and writes the result of `mix_grad`. */
export function finishMixGrad(
  { tuning, span, dispatch }: Pick<LowerContext<"mix_grad">, "tuning" | "span" | "dispatch">,
  { terms, channels, inputs, sums, parts, pixels, grad }: MixSums,
): void {
  const lanes = 4 * quads(channels);
  const split = tuning.workgroup >= 64;
  const order = terms.map((_, t) => t);
  vectorChunks({ span }, inputs, terms, order).forEach((chunk, index) => {
    const items = channels * chunk.terms;
    dispatch({
      shader: "mix_grad",
      constants: { wg: tuning.workgroup },
      conditions: { split },
      uniforms: { channels, lanes, pixels, terms: chunk.terms, parts, first: index === 0 ? 1 : 0, numbers: NUMBERS },
      table: chunk.table,
      reads: [...chunk.reads, sums],
      writes: [grad],
      workgroups: grid(split ? items * tuning.workgroup : items, tuning.workgroup),
      ...(split && { workgroupBytes: 8 * tuning.workgroup }),
    });
  });
}
