import type { MixAttrs } from "../../../graph/types.ts";
import { grid, type Lower, type LowerContext, quads, type TensorRef } from "../kernel.ts";
import { planePixels, vectors } from "./launch.ts";
import { groupConditions, groupReads, groupTable, mixGroups, mixReduction, termRow } from "./mix-groups.ts";
import { NUMBERS, vectorChunks } from "./mix-vectors.ts";
import { shapeClass, sized } from "./tuned.ts";

/** Sums of dy and of dy * (x - origin) by invocation, for all terms of a dispatch in one sweep; then what follows from them. */
export const mixGrad: Lower<"mix_grad"> = (context) => {
  const { node, inputs, output, scratch, dispatch } = context;
  const [dy, ...rest] = inputs as [TensorRef, ...TensorRef[]];
  const { terms, channels } = node.attrs;
  const tuning = sized(context.tuning, `mix_grad ${terms.length} terms ${shapeClass(dy.type)}`);
  const { parts, ...launch } = mixReduction(dy, tuning);
  const sums = scratch(vectors(termRow(terms.length) * quads(channels) * (parts + 1)));
  mixGroups(terms).forEach((group, index) => {
    const table = groupTable(group, terms, rest);
    dispatch({
      shader: "mix_grad_parts",
      ...launch,
      conditions: groupConditions(group, tuning),
      uniforms: { ...launch.uniforms, slots: table.length, first: index === 0 ? 1 : 0 },
      table,
      reads: [dy, ...groupReads(group, terms, rest)],
      writes: [sums],
    });
  });
  finishMixGrad(context, { ...node.attrs, inputs: rest, sums, parts, pixels: planePixels(dy.type), grad: output });
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
