import type { OpName } from "../../../graph/types.ts";
import {
  type DispatchSpec,
  grid,
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

/** Most bytes that the first stage of a sum may write: half of what a default device binds. */
const MOST_BYTES = 64 * 2 ** 20;

/** How many chunks of so many vectors fit. */
export const fittingChunks = (slots: number): number => Math.max(1, Math.floor(MOST_BYTES / (16 * slots)));

/** How many threads share the chunks of a slot, see sum_parts.wesl. */
const sharing = ({ workgroup }: Tuning): number => (workgroup < 64 ? 1 : 16);

/** A job whose parts begin at vector `first` of a binding and whose sections go to these elements of another. */
export interface PlacedSums extends Omit<SumJob, "parts" | "to"> {
  readonly first: number;
  readonly offsets: Span["offsets"];
}

/** Most of what one table entry holds, see sum_parts.wesl; sections beyond that take two. */
const MOST = { rows: 2 ** 16, columns: 2 ** 16, slots: 2 ** 20, chunks: 2 ** 12 } as const;

type Row = readonly [number, number, number, number];

interface Item {
  readonly slots: number;
  readonly large: boolean;
  readonly rows: readonly Row[];
}

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
  const items = jobs.flatMap(itemsOf);
  const lanes = sharing(tuning);
  return [false, true].flatMap((large) => {
    const mine = items.filter((item) => item.large === large);
    const most = large ? TABLE_ROWS / 2 : TABLE_ROWS;
    return Array.from({ length: Math.ceil(mine.length / most) }, (_, index) => {
      const group = mine.slice(index * most, (index + 1) * most);
      const longest = Math.max(...group.map(({ slots }) => slots));
      const [groupsX, groupsY] = grid(longest * lanes, tuning.workgroup);
      return {
        shader: "sum_parts",
        constants: { wg: tuning.workgroup },
        conditions: { split: lanes > 1, large },
        workgroupBytes: lanes > 1 ? 16 * tuning.workgroup : undefined,
        uniforms: {},
        table: group.flatMap(({ rows }) => rows),
        reads: [parts],
        writes: [to],
        workgroups: [groupsX, groupsY, group.length] as const,
      };
    });
  });
}

function itemsOf({ first, chunks, sections, offsets }: PlacedSums): Item[] {
  const starts = slotStarts(sections);
  const slots = starts.at(-1)!;
  return sections.map(({ rows, columns }, index): Item => {
    const [from, into] = [first + starts[index]!, offsets[index]!];
    const large = rows >= MOST.rows || columns >= MOST.columns || slots >= MOST.slots || chunks >= MOST.chunks;
    return {
      slots: sectionSlots({ rows, columns }),
      large,
      rows: large
        ? [
            [from, into, rows, columns],
            [slots, chunks, 0, 0],
          ]
        : [[from, into, rows * MOST.columns + columns, slots * MOST.chunks + chunks]],
    };
  });
}
