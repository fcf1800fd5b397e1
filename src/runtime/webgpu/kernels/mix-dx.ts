import { dims4, type OpAttrs } from "../../../graph/types.ts";
import { type Lower, type LowerContext, quads, TABLE_ROWS, type Tuning } from "../kernel.ts";
import { zeros } from "./fill.ts";
import { blocks, planePixels } from "./launch.ts";
import { shapeClass, sized } from "./tuned.ts";

type Term = OpAttrs["mix_dx"]["terms"][number];
type Row = [number, number, number, number];

/** Gradients that a dispatch binds, each with its factors. */
const SOURCES = 3;

/** Flags of a term in mix_dx.wesl. */
const PLAIN = 4;
const ADDS = 8;

/** Planes of x on which the same terms lie. */
interface Segment {
  readonly first: number;
  readonly end: number;
  readonly terms: readonly Term[];
  /** Terms of an earlier dispatch are there already. */
  readonly begun: boolean;
}

/** One dispatch for three gradients, usually all; more if terms begin or end inside quads. */
export const mixDx: Lower<"mix_dx"> = (context) => {
  const { node, output, tuning, dispatch } = context;
  const { terms } = node.attrs;
  const [, channels] = dims4(output.type);
  if (terms.every((term) => ownsQuads(term, channels))) {
    const sizes = sized(tuning, `mix_dx ${terms.length} terms ${shapeClass(output.type)}`);
    for (const group of dispatches(segmentsOf(terms, quads(channels)))) launch({ ...context, tuning: sizes }, group);
    return;
  }
  dispatch(zeros(output, tuning));
  for (const term of terms) launchLanes(context, term);
};

/** Whether a term begins and ends with quads of x. */
const ownsQuads = ({ start, channels }: Term, available: number): boolean =>
  start % 4 === 0 && (channels % 4 === 0 || start + channels === available);

function segmentsOf(terms: readonly Term[], planes: number): Segment[] {
  const ends = terms.flatMap(({ start, channels }) => [start / 4, start / 4 + quads(channels)]);
  const cuts = [...new Set([0, ...ends, planes])].sort((a, b) => a - b);
  return cuts.slice(1).map((end, index) => {
    const first = cuts[index]!;
    const covering = terms.filter(({ start, channels }) => start / 4 <= first && end <= start / 4 + quads(channels));
    return { first, end, terms: covering, begun: false };
  });
}

/** Segments in groups that bind few enough gradients and fit a table; what is left of a segment's terms comes later. */
function dispatches(segments: readonly Segment[]): Segment[][] {
  const groups: { readonly sources: Set<number>; readonly segments: Segment[]; rows: number }[] = [];
  const put = (segment: Segment) => {
    const sources = [...new Set(segment.terms.map(({ source }) => source))];
    const now = sources.slice(0, SOURCES);
    const taken = segment.terms.filter(({ source }) => now.includes(source)).slice(0, TABLE_ROWS / 2);
    const rest = segment.terms.filter((term) => !taken.includes(term));
    const rows = 1 + taken.length;
    // What adds to an earlier dispatch must not run with it.
    const open = segment.begun ? undefined : groups.find((group) => fits(group, now, rows));
    const group = open ?? { sources: new Set<number>(), segments: [], rows: 0 };
    if (!open) groups.push(group);
    for (const source of now) group.sources.add(source);
    group.segments.push({ ...segment, terms: taken });
    group.rows += rows;
    if (rest.length > 0) put({ ...segment, terms: rest, begun: true });
  };
  segments.forEach(put);
  return groups.map((group) => group.segments);
}

const fits = (
  group: { readonly sources: ReadonlySet<number>; readonly segments: readonly Segment[]; readonly rows: number },
  sources: readonly number[],
  rows: number,
): boolean =>
  !group.segments.some(({ begun }) => begun) &&
  group.rows + rows <= TABLE_ROWS &&
  new Set([...group.sources, ...sources]).size <= SOURCES;

const perThread = (tuning: Tuning): number => (tuning.workgroup < 64 ? 4 * tuning.pixels : tuning.pixels);

function launch({ inputs, output, tuning, dispatch }: LowerContext<"mix_dx">, segments: readonly Segment[]): void {
  const [x, ...pairs] = inputs;
  const sources = [...new Set(segments.flatMap(({ terms }) => terms.map(({ source }) => source)))];
  const segmentRows: Row[] = [];
  const termRows: Row[] = [];
  for (const { first, end, terms, begun } of segments) {
    segmentRows.push([first, end - first, segments.length + termRows.length, terms.length]);
    terms.forEach(({ start, channels, source, row, plain }, index) => {
      const flags = (plain ? PLAIN : 0) + (begun || index > 0 ? ADDS : 0);
      termRows.push([sources.indexOf(source) + flags, row, start / 4, channels]);
    });
  }
  const planes = segments.reduce((sum, { first, end }) => sum + end - first, 0);
  const { uniforms, ...rest } = blocks(planes, planePixels(output.type), tuning, perThread(tuning));
  const flags = termRows.map(([source]) => source & ~3);
  // A gradient that nothing covers still binds one source: the shader declares it.
  const bound = sources.length > 0 ? sources : [0];
  dispatch({
    shader: "mix_dx",
    ...rest,
    conditions: {
      two: bound.length > 1,
      three: bound.length > 2,
      adds: flags.some((flag) => flag & ADDS),
      plain: flags.includes(PLAIN),
      norm: flags.includes(0),
    },
    uniforms: { ...uniforms, segments: segments.length },
    table: [...segmentRows, ...termRows],
    reads: [x!, ...bound.flatMap((source) => pairs.slice(2 * source, 2 * source + 2))],
    writes: [output],
  });
}

function launchLanes({ inputs, output, tuning, dispatch }: LowerContext<"mix_dx">, term: Term): void {
  const [x, ...pairs] = inputs;
  const { start, channels, source, row } = term;
  const first = Math.floor(start / 4);
  const { uniforms, ...rest } = blocks(
    quads(start + channels) - first,
    planePixels(output.type),
    tuning,
    perThread(tuning),
  );
  dispatch({
    shader: "mix_dx_lanes",
    ...rest,
    uniforms: { ...uniforms, channels, row, start, shift: 4 + 4 * first - start },
    reads: [x!, ...pairs.slice(2 * source, 2 * source + 2)],
    writes: [output],
  });
}
