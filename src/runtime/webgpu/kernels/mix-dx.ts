import { dims4, type OpAttrs } from "../../../graph/types.ts";
import { type Lower, type LowerContext, quads } from "../kernel.ts";
import { zeros } from "./fill.ts";
import { blocks, planePixels } from "./launch.ts";

type Term = OpAttrs["mix_dx"]["terms"][number];

/** Terms that share a load of dy. */
const TOGETHER = 4;

/**
 * One dispatch for up to four terms of a source. A term that shares quads of x with other channels changes only its own lanes,
 * after the rest.
 */
export const mixDx: Lower<"mix_dx"> = (context) => {
  const { node, output, tuning, dispatch } = context;
  const { terms } = node.attrs;
  const whole = terms.filter((term) => ownsQuads(term, terms));
  const covered = whole.reduce((sum, { channels }) => sum + quads(channels), 0);
  if (covered < quads(dims4(output.type)[1])) dispatch(zeros(output, tuning));
  for (const group of together(whole)) launch(context, group, false);
  for (const term of terms) {
    if (!whole.includes(term)) launch(context, [term], true);
  }
};

/** Whether a term starts with a quad of x and no other one has a lane of its last quad. */
function ownsQuads({ start, channels }: Term, terms: readonly Term[]): boolean {
  const end = 4 * quads(start + channels);
  return start % 4 === 0 && terms.every((other) => other.start <= start || other.start >= end);
}

/** Terms of the same source, four at a time. */
function together(terms: readonly Term[]): Term[][] {
  const groups: Term[][] = [];
  for (const term of terms) {
    const open = groups.find(([first, ...more]) => first!.source === term.source && more.length < TOGETHER - 1);
    if (open) open.push(term);
    else groups.push([term]);
  }
  return groups;
}

/** @param group with `lanes`, one term */
function launch({ inputs, output, tuning, dispatch }: LowerContext<"mix_dx">, group: readonly Term[], lanes: boolean) {
  const [x, ...sources] = inputs;
  const [{ source, start, channels }] = group as [Term];
  const [dy, g] = sources.slice(2 * source);
  const first = Math.floor(start / 4);
  const planes = lanes ? quads(start + channels) - first : quads(channels);
  const most = tuning.workgroup < 64 ? 4 * tuning.pixels : tuning.pixels;
  const { uniforms, ...rest } = blocks(planes, planePixels(output.type), tuning, most);
  dispatch({
    shader: "mix_dx",
    ...rest,
    conditions: {
      lanes,
      t1: group.length > 1,
      t2: group.length > 2,
      t3: group.length > 3,
      unrolled: tuning.workgroup >= 64,
    },
    uniforms: { ...uniforms, channels, terms: group.length, start, shift: 4 + 4 * first - start },
    table: group.map((term) => [Math.floor(term.start / 4), term.row, 0, 0]),
    reads: [x!, dy!, g!],
    writes: [output],
  });
}
