import { dims4, type MixTerm } from "../../../graph/types.ts";
import { type LowerContext, quads, type TensorRef } from "../kernel.ts";
import { type Launch, vectors } from "./launch.ts";
import { groupConditions, groupReads, groupTable, mixGroups, termRow } from "./mix-groups.ts";

/** First stage of the gradients of a mix. */
export interface MixSweep {
  readonly dy: TensorRef;
  /** Those of `mix`. */
  readonly inputs: readonly TensorRef[];
  readonly terms: readonly MixTerm[];
  readonly launch: Launch;
  /** Sums of each plane. */
  readonly parts: number;
  /** Whether each sum is of one sample; see sample-dots.ts. */
  readonly samples: boolean;
}

/**
 * Sums of dy and of dy * (x - origin) by invocation, for all terms of a dispatch in one sweep.
 * @returns [Σ dy, then a row per term][quad] of `parts` vectors and the origin
 */
export function mixParts(
  { tuning, scratch, dispatch }: Pick<LowerContext<"mix_grad">, "tuning" | "scratch" | "dispatch">,
  { dy, inputs, terms, launch, parts, samples }: MixSweep,
): TensorRef {
  const [batch, channels, h, w] = dims4(dy.type);
  const sums = scratch(vectors(termRow(terms.length) * quads(channels) * (parts + 1)));
  const bySample = samples && { image: h * w, sharing: parts / batch };
  mixGroups(terms).forEach((group, index) => {
    const table = groupTable(group, terms, inputs);
    dispatch({
      shader: "mix_grad_parts",
      ...launch,
      conditions: { ...groupConditions(group, tuning), samples },
      uniforms: { ...launch.uniforms, slots: table.length, first: index === 0 ? 1 : 0, ...bySample },
      table,
      reads: [dy, ...groupReads(group, terms, inputs)],
      writes: [sums],
    });
  });
  return sums;
}
