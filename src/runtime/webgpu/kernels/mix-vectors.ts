import type { MixTerm, OpName } from "../../../graph/types.ts";
import { type LowerContext, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { termRow } from "./mix-groups.ts";

/** Statistics and weights that a dispatch may bind, see mix_norms.wesl. */
const VECTORS = 5;
/** Rows of the table that a term has there. */
export const VECTOR_ROWS = 5;
/** As many terms as the table has room for. */
const TERMS = Math.floor(TABLE_ROWS / VECTOR_ROWS);
/** Bindings, after those of vectors, in a row of the table: gamma and beta, and none. */
const SCALES = 5;
const NONE = 6;
const ONE = 0x3f80_0000;

type Place = readonly [number, number, number];
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
  const chunks: { terms: number[]; vectors: number[] }[] = [];
  for (const t of order) {
    const needed = vectorsOf(terms[t]!);
    let open = chunks.at(-1);
    const union = [...new Set([...(open?.vectors ?? []), ...needed])];
    if (!open || union.length > VECTORS || open.terms.length === TERMS) {
      open = { terms: [], vectors: [] };
      chunks.push(open);
    }
    open.terms.push(t);
    open.vectors = [...new Set([...open.vectors, ...needed])];
  }
  const norms = order.flatMap((t) => terms[t]!.norm ?? []);
  const scaleInputs = [...new Set(norms.flatMap(({ gamma, beta }) => [gamma, beta].filter((i) => i !== undefined)))];
  const scales = scaleInputs.length > 0 ? span(scaleInputs.map((i) => inputs[i]!)) : undefined;
  const scale = (i: number | undefined, otherwise: number): Place =>
    i === undefined ? [NONE, otherwise, 0] : [SCALES, scales!.offsets[scaleInputs.indexOf(i)]!, 1];
  return chunks.map(({ terms: numbers, vectors }) => {
    const bound = vectors.map((i) => inputs[i]!);
    // Any tensor that is not written will do where there is none to bind.
    const filler = bound[0] ?? scales?.ref ?? inputs[0]!;
    const reads = Array.from({ length: VECTORS }, (_, i) => bound[i] ?? filler);
    const table = numbers.flatMap((t): Row[] => {
      const { start, norm, weight } = terms[t]!;
      const stats = vectors.indexOf(norm?.stats ?? -1);
      const columns = norm ? inputs[norm.stats]!.type.shape[1]! : 0;
      return [
        [...(norm ? ([stats, start, 1] as const) : ([NONE, 0, 0] as const)), termRow(t)],
        [...(norm ? ([stats, columns + start, 1] as const) : ([NONE, ONE, 0] as const)), norm?.batch ? 1 : 0],
        [...(weight ? ([vectors.indexOf(weight.vector), weight.index, 0] as const) : ([NONE, ONE, 0] as const)), 0],
        [...scale(norm?.gamma, ONE), 0],
        [...scale(norm?.beta, 0), 0],
      ];
    });
    return { terms: numbers.length, reads: [...reads, scales?.ref ?? filler], table };
  });
}
