import type { OpName } from "../../../graph/types.ts";
import {
  type DispatchSpec,
  type LowerContext,
  quads,
  type Section,
  type Span,
  type SumJob,
  TABLE_ROWS,
  type TensorRef,
  type Tuning,
} from "../kernel.ts";

/** What the lowering of a sum in two stages needs of its context, whatever the node. */
export type SumContext = Pick<LowerContext<OpName>, "tuning" | "dispatch" | "partials" | "parts" | "sum">;

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

/** A job whose parts begin at vector `first` of a binding and whose sections go to these elements of another. */
export interface PlacedSums extends Omit<SumJob, "parts" | "to"> {
  readonly first: number;
  readonly offsets: Span["offsets"];
}

/** Bits of a table entry for the number of chunks; the others are for the slots of a chunk. */
const CHUNK_BITS = 12;

/**
 * Second stage of reductions: adds the chunks in order and writes each section where it belongs.
 *
 * @param parts holds the parts of all jobs, each [chunks][slots of its sections] vec4
 * @param to holds all results
 */
export function sumParts(
  jobs: readonly PlacedSums[],
  parts: TensorRef,
  to: TensorRef,
  tuning: Tuning,
): Omit<DispatchSpec, "module">[] {
  const lanes = sharing(tuning);
  const items = jobs.flatMap(({ first, chunks, sections, offsets }) => {
    const starts = slotStarts(sections);
    const slots = starts.at(-1)!;
    if (chunks >= 1 << CHUNK_BITS || slots >= 2 ** (32 - CHUNK_BITS)) throw new Error(`${chunks} x ${slots} parts`);
    return sections.map((section, index) => ({
      slots: sectionSlots(section),
      row: [
        first + starts[index]!,
        offsets[index]!,
        section.rows * 65_536 + section.columns,
        slots * (1 << CHUNK_BITS) + chunks,
      ] as const,
      wide: section.columns >= 65_536 || section.rows >= 65_536,
    }));
  });
  if (items.some(({ wide }) => wide)) throw new Error("a weight has too many rows or columns for a table");
  const specs: Omit<DispatchSpec, "module">[] = [];
  for (let start = 0; start < items.length; start += TABLE_ROWS) {
    const group = items.slice(start, start + TABLE_ROWS);
    const longest = Math.max(...group.map(({ slots }) => slots));
    specs.push({
      shader: "sum_parts",
      constants: { wg: tuning.workgroup },
      conditions: { split: lanes > 1 },
      workgroupBytes: lanes > 1 ? 16 * tuning.workgroup : undefined,
      uniforms: {},
      table: group.map(({ row }) => row),
      reads: [parts],
      writes: [to],
      workgroups: [Math.ceil((longest * lanes) / tuning.workgroup), group.length, 1],
    });
  }
  return specs;
}
