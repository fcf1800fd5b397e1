import type { MixTerm, OpName } from "../../../graph/types.ts";
import type { LowerContext, TensorRef } from "../kernel.ts";
import { termRow } from "./mix-groups.ts";

/** Statistics and weights that a dispatch may bind, see mix_norms.wesl. */
const VECTORS = 5;
/** Rows of the table that a term has there. */
const ROWS = 3;
/** As many terms as leave room in the table. */
const TERMS = 21;
const NONE = 0xffff_ffff;

type Row = [number, number, number, number];

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
  const offset = (i: number | undefined) => (i === undefined ? NONE : scales!.offsets[scaleInputs.indexOf(i)]!);
  return chunks.map(({ terms: numbers, vectors }) => {
    const bound = vectors.map((i) => inputs[i]!);
    // Any tensor that is not written will do where there is none to bind.
    const filler = bound[0] ?? scales?.ref ?? inputs[0]!;
    const reads = Array.from({ length: VECTORS }, (_, i) => bound[i] ?? filler);
    const table = numbers.flatMap((t): Row[] => {
      const { start, norm, weight } = terms[t]!;
      const place = norm ? [vectors.indexOf(norm.stats), start, inputs[norm.stats]!.type.shape[1]!] : [NONE, 0, 0];
      const factor = weight ? [vectors.indexOf(weight.vector), weight.index] : [NONE, 0];
      return [
        [...place, termRow(t)] as Row,
        [...factor, offset(norm?.gamma), offset(norm?.beta)] as Row,
        [norm?.batch ? 1 : 0, 0, 0, 0],
      ];
    });
    return { terms: table.length / ROWS, reads: [...reads, scales?.ref ?? filler], table };
  });
}
