import type { OpName } from "../../../graph/types.ts";
import { type LowerContext, quads, type Span, TABLE_ROWS, type TensorRef, type Tuning } from "../kernel.ts";

/** A flat result [rows, columns] that parts add up to; a slot of it is a vec4 over four rows of a column. */
export interface Section {
  readonly rows: number;
  readonly columns: number;
}

/** Vectors that a chunk of parts has for a section. */
export const sectionSlots = ({ rows, columns }: Section): number => quads(rows) * columns;

/** First slot of each section, and after the last one their number. */
export function slotStarts(sections: readonly Section[]): number[] {
  const starts = [0];
  for (const section of sections) starts.push(starts.at(-1)! + sectionSlots(section));
  return starts;
}

/** How many threads share the chunks of a slot, see sum_parts.wesl. */
const sharing = ({ workgroup }: Tuning): number => (workgroup < 64 ? 1 : 16);

/**
 * Second stage of a reduction: adds the chunks in order and writes each section where it belongs.
 *
 * @param parts [chunks][slots of all sections] vec4
 * @param to where the sections go; its offsets are theirs
 */
export function sumParts(
  { tuning, dispatch }: Pick<LowerContext<OpName>, "tuning" | "dispatch">,
  parts: TensorRef,
  chunks: number,
  sections: readonly Section[],
  to: Span,
): void {
  const starts = slotStarts(sections);
  const lanes = sharing(tuning);
  for (let from = 0; from < sections.length; from += TABLE_ROWS) {
    const part = sections.slice(from, from + TABLE_ROWS);
    const longest = Math.max(...part.map(sectionSlots));
    dispatch({
      shader: "sum_parts",
      constants: { wg: tuning.workgroup },
      conditions: { split: lanes > 1 },
      uniforms: { chunks, slots: starts.at(-1)! },
      table: part.map(({ rows, columns }, index) => [starts[from + index]!, to.offsets[from + index]!, rows, columns]),
      reads: [parts],
      writes: [to.ref],
      workgroups: [Math.ceil((longest * lanes) / tuning.workgroup), part.length, 1],
    });
  }
}
