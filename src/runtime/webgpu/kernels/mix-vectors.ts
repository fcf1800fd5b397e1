import type { MixTerm, OpName } from "../../../graph/types.ts";
import { type LowerContext, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { termRow } from "./mix-groups.ts";

/** Statistics and weights that a dispatch may bind, the last one only if nothing has gamma and beta; see mix_norms.wesl. */
const VECTORS = 6;
/** As many terms as the table has room for, with two rows each. */
const TERMS = TABLE_ROWS / 2;
/** In the table: what a term does not have. */
const NONE = -1;
/** Numbers that a term is made of there. */
export const NUMBERS = 5;

type Row = readonly [number, number, number, number];

/** Terms whose norms and weights one dispatch looks up: its first six bindings and its table, in the form of mix_norms.wesl. */
export interface VectorChunk {
  readonly terms: number;
  readonly reads: readonly TensorRef[];
  readonly table: readonly Row[];
}

const vectorsOf = ({ norm, weight }: MixTerm): number[] => [
  ...(norm ? [norm.stats] : []),
  ...(weight ? [weight.vector] : []),
];

/**
 * Some terms in as few dispatches as their vectors allow, in order.
 *
 * @param inputs what indices of all terms refer to
 * @param order numbers of the terms in the op
 */
export function vectorChunks(
  { span }: Pick<LowerContext<OpName>, "span">,
  inputs: readonly TensorRef[],
  terms: readonly MixTerm[],
  order: readonly number[],
): VectorChunk[] {
  const norms = order.flatMap((t) => terms[t]!.norm ?? []);
  const scaleInputs = [...new Set(norms.flatMap(({ gamma, beta }) => [gamma, beta].filter((i) => i !== undefined)))];
  const scales = scaleInputs.length > 0 ? span(scaleInputs.map((i) => inputs[i]!)) : undefined;
  const scale = (i: number | undefined): number => (i === undefined ? NONE : scales!.offsets[scaleInputs.indexOf(i)]!);
  return runs(terms, order, scales ? VECTORS - 1 : VECTORS).map(({ terms: numbers, vectors }) => {
    const bound = vectors.map((i) => inputs[i]!);
    // Any tensor that is not written will do where there is none to bind.
    const filler = scales?.ref ?? bound[0] ?? inputs[0]!;
    const table = numbers.flatMap((t): Row[] => {
      const { start, norm, weight } = terms[t]!;
      const last = 2 * termRow(t) + (norm?.batch ? 1 : 0);
      return [
        norm ? [vectors.indexOf(norm.stats), start, inputs[norm.stats]!.type.shape[1]!, last] : [NONE, 0, 0, last],
        [
          weight ? vectors.indexOf(weight.vector) : NONE,
          weight ? weight.index : 0,
          scale(norm?.gamma),
          scale(norm?.beta),
        ],
      ];
    });
    const reads = Array.from({ length: VECTORS }, (_, i) => bound[i] ?? filler);
    return { terms: numbers.length, reads, table };
  });
}

/** Terms in runs that fit the table and read few enough vectors. */
function runs(terms: readonly MixTerm[], order: readonly number[], most: number) {
  const result: { terms: number[]; vectors: number[] }[] = [];
  for (const t of order) {
    const needed = vectorsOf(terms[t]!);
    let open = result.at(-1);
    const union = [...new Set([...(open?.vectors ?? []), ...needed])];
    if (!open || union.length > most || open.terms.length === TERMS) {
      open = { terms: [], vectors: [] };
      result.push(open);
    }
    open.terms.push(t);
    open.vectors = [...new Set([...open.vectors, ...needed])];
  }
  return result;
}
