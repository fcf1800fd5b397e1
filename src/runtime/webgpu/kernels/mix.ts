import { dims4, type MixAttrs, type MixTerm } from "../../../graph/types.ts";
import { type Lower, type LowerContext, quads, type TensorRef } from "../kernel.ts";
import { normalised } from "./bn-apply.ts";
import { each, vectors } from "./launch.ts";
import { groupConditions, groupReads, groupTable, mixBlocks, mixGroups, termRow } from "./mix-groups.ts";
import { NUMBERS, vectorChunks } from "./mix-vectors.ts";
import { shapeClass, sized } from "./tuned.ts";

/**
 * Tiny dispatches turn weights and batch norms into one coefficient per term and channel and one bias per channel; then a term
 * costs one load and one fma a pixel. More tensors than a dispatch may bind are added to the result group after group.
 */
export const mix: Lower<"mix"> = (context) => {
  const { node, inputs, output, dispatch } = context;
  const { terms, channels } = node.attrs;
  const alone = loneNorm(node.attrs, inputs);
  if (alone) {
    dispatch(normalised(alone, terms[0]!.start, output, context.tuning));
    return;
  }
  const tuning = sized(context.tuning, `mix ${terms.length} terms ${shapeClass(output.type)}`);
  const groups = mixGroups(terms);
  // Where a quad holds other channels as well, coefficients keep them out of the padding lanes.
  const plain = terms.every(
    ({ x, start, norm, weight }) =>
      !norm && !weight && start % 4 === 0 && (channels % 4 === 0 || start + channels === dims4(inputs[x]!.type)[1]),
  );
  const order = groups.flatMap(({ first, second }) => [...first, ...second]);
  const coefficients = plain ? [] : [coefficientsOf(context, order)];
  const launch = mixBlocks(output, tuning);
  groups.forEach((group, index) => {
    dispatch({
      shader: "mix",
      ...launch,
      conditions: { ...groupConditions(group, tuning), plain, accumulate: index > 0 },
      uniforms: { ...launch.uniforms, slots: groupTable(group, terms, inputs).length },
      table: groupTable(group, terms, inputs),
      reads: [...coefficients, ...groupReads(group, terms, inputs)],
      writes: [output],
    });
  });
};

/** What a batch norm reads, if the sum is nothing else and starts with a quad. */
function loneNorm({ terms }: MixAttrs, inputs: readonly TensorRef[]): TensorRef[] | undefined {
  const [{ x, start, norm, weight }] = terms as [MixTerm];
  if (terms.length > 1 || !norm || weight || start % 4 !== 0) return undefined;
  const { stats, gamma, beta } = norm;
  return [x, stats, gamma, beta].flatMap((index) => (index === undefined ? [] : [inputs[index]!]));
}

/** [bias, then a row per term][quad] of vec4. */
function coefficientsOf(context: LowerContext<"mix">, order: readonly number[]): TensorRef {
  const { node, inputs, tuning, scratch, dispatch } = context;
  const { terms, channels } = node.attrs;
  const lanes = 4 * quads(channels);
  const coefficients = scratch(vectors((termRow(terms.length) * lanes) / 4));
  vectorChunks(context, inputs, terms, order).forEach((chunk, index) => {
    const { constants, workgroups } = each(lanes, tuning);
    dispatch({
      shader: "mix_coefficients",
      constants,
      uniforms: { lanes, channels, terms: chunk.terms, accumulate: index > 0 ? 1 : 0, numbers: NUMBERS },
      table: chunk.table,
      reads: chunk.reads,
      writes: [coefficients],
      workgroups,
    });
  });
  return coefficients;
}
