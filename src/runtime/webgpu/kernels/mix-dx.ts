import { dims4, type OpAttrs } from "../../../graph/types.ts";
import { type Lower, type LowerContext, quads, type Tuning } from "../kernel.ts";
import { zeros } from "./fill.ts";
import { blocks, planePixels } from "./launch.ts";
import { dispatches, ownsQuads, type Segment, segmentsOf } from "./segments.ts";
import { shapeClass, sized } from "./tuned.ts";

type Term = OpAttrs["mix_dx"]["terms"][number];
type Row = [number, number, number, number];

/** Flags of a term in mix_dx.wesl. */
const PLAIN = 4;
const ADDS = 8;

/** One dispatch for three gradients, usually all; more if terms begin or end inside quads. */
export const mixDx: Lower<"mix_dx"> = (context) => {
  const { node, output, tuning, dispatch } = context;
  const { terms } = node.attrs;
  const [, channels] = dims4(output.type);
  if (terms.every((term) => ownsQuads(term, channels))) {
    const sizes = sized(tuning, `mix_dx ${terms.length} terms ${shapeClass(output.type)}`);
    const groups = dispatches(segmentsOf(terms, quads(channels)), (own) => 1 + own);
    for (const group of groups) launch({ ...context, tuning: sizes }, group);
    return;
  }
  dispatch(zeros(output, tuning));
  for (const term of terms) launchLanes(context, term);
};

const perThread = (tuning: Tuning): number => (tuning.workgroup < 64 ? 4 * tuning.pixels : tuning.pixels);

function launch(
  { inputs, output, tuning, dispatch }: LowerContext<"mix_dx">,
  segments: readonly Segment<Term>[],
): void {
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
  const { start, channels, source, row, plain } = term;
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
    uniforms: { ...uniforms, channels, row, start, shift: 4 + 4 * first - start, plain: plain ? 1 : 0 },
    reads: [x!, ...pairs.slice(2 * source, 2 * source + 2)],
    writes: [output],
  });
}
