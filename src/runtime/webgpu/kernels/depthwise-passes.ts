import { quads, TABLE_ROWS } from "../kernel.ts";
import { type BundleBranch, bytes, stripsOf } from "./depthwise-strips.ts";

type Pair = readonly [number, number];
type Row = readonly [number, number, number, number];

/** Kinds of passes in depthwise_bundle_dx.wesl. */
const KIND = { slides3: 0, slides5: 1, spreads: 2 } as const;
/** What else a pass does, as it stands beside the kind. */
const MASKED = 4;
const ADDS = 8;

/** Rows of the table that a section and each of its passes take. */
const SECTION_ROWS = 1;
const PASS_ROWS = 3;

/** How a thread of depthwise_bundle_dx.wesl goes over a branch; pairs are [vertical, horizontal]. */
interface Walk {
  readonly kind: keyof typeof KIND;
  /** Pixels of dy from one tap to the next. */
  readonly step: Pair;
  /** Pixel of dy that the first pixel's first tap sees. */
  readonly origin: Pair;
  /** Sliding: the first pixel. Spreading: taps that lead the window. */
  readonly shift: Pair;
}

/** What a pass takes of a branch: quads of dy, and channels from the first of these on with their weights. */
interface Source {
  readonly quad: number;
  readonly channels: number;
  readonly weight: number;
}

/** One or two branches with the same windows that are summed together; none writes zeros. */
interface Pass {
  readonly walk: Walk;
  readonly kernel: Pair;
  readonly sources: readonly Source[];
  readonly masked: boolean;
  readonly adds: boolean;
}

/** Quads of the result that are read by the same branches, and passes over them. */
export interface Section {
  readonly quad: number;
  readonly quads: number;
  readonly passes: readonly Pass[];
}

/** The widest that a thread's columns may be, see `spanOf`. */
const MOST_SPAN = 8;

const lcm = (a: number, b: number): number => {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
};

/** A thread's columns in units of four: what every pass fills with whole walks. */
export const spanOf = (sections: readonly Section[], stride: Pair): number =>
  sections
    .flatMap(({ passes }) => passes)
    .reduce((span, { walk: { kind, step } }) => (kind === "spreads" ? span : lcm(span, step[1] * stride[1])), 1);

/** How the gradient by x goes over a branch; undefined if it does not. */
function walkOf(branch: BundleBranch, stride: Pair): Walk | undefined {
  const strips = stripsOf(branch, stride);
  if (!strips) return undefined;
  const { padding, kernel } = branch;
  const { slides, window, step } = strips;
  const each = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];
  if (slides) {
    // The result's pixel stride * u - padding sees pixel u - step * tap of dy.
    const first = each((axis) => Math.ceil(padding[axis] / stride[axis]));
    return {
      kind: `slides${window}`,
      step,
      origin: each((axis) => first[axis] - (window - 1) * step[axis]),
      shift: each((axis) => stride[axis] * first[axis] - padding[axis]),
    };
  }
  const lead = each((axis) => padding[axis] % 2);
  if (kernel.some((taps, axis) => taps + lead[axis as 0 | 1] > 5)) return undefined;
  const origin = each((axis) => (padding[axis] + lead[axis]) / 2 - 2);
  return { kind: "spreads", step: [1, 1], origin, shift: lead };
}

/**
 * What threads do for the gradient by the channels of x from `start` on; undefined if not all branches are for them.
 *
 * @param channels of the result
 * @param masks whether the load has a ReLU
 */
export function sectionsOf(
  branches: readonly BundleBranch[],
  stride: Pair,
  start: number,
  channels: number,
  masks: boolean,
): Section[] | undefined {
  const walks = new Map<BundleBranch, Walk>();
  for (const branch of branches) {
    const walk = walkOf(branch, stride);
    if (!walk) return undefined;
    walks.set(branch, walk);
  }
  const count = quads(channels);
  const first = (branch: BundleBranch) => (branch.start - start) / 4;
  const ends = branches.flatMap((branch) => [first(branch), first(branch) + quads(branch.channels)]);
  const bounds = [...new Set([0, ...ends, count])].sort((a, b) => a - b);
  const sections = bounds.slice(1).map((end, index): Section => {
    const quad = bounds[index]!;
    const readers = branches.filter((branch) => first(branch) <= quad && first(branch) + quads(branch.channels) >= end);
    const source = ({ start: from, channels, kernel, result, weight }: BundleBranch): Source => {
      const skipped = start + 4 * quad - from;
      return {
        quad: (result + skipped) / 4,
        channels: channels - skipped,
        weight: weight + skipped * kernel[0] * kernel[1],
      };
    };
    return { quad, quads: end - quad, passes: passesOf(readers, walks, source, stride, masks) };
  });
  return spanOf(sections, stride) <= MOST_SPAN ? sections : undefined;
}

function passesOf(
  readers: readonly BundleBranch[],
  walks: ReadonlyMap<BundleBranch, Walk>,
  source: (branch: BundleBranch) => Source,
  stride: Pair,
  masks: boolean,
): Pass[] {
  const groups = new Map<string, BundleBranch[]>();
  for (const reader of readers) {
    const { kind, step, origin, shift } = walks.get(reader)!;
    // Those that give all pixels come first: what follows adds to some.
    const key = `${kind === "spreads" ? 0 : 1} ${kind} ${reader.kernel} ${step} ${origin} ${shift}`;
    groups.set(key, [...(groups.get(key) ?? []), reader]);
  }
  const pairs = [...groups.keys()].sort().flatMap((key) => {
    const group = groups.get(key)!;
    return group.flatMap((_, index) => (index % 2 === 0 ? [group.slice(index, index + 2)] : []));
  });
  const parts = pairs.map((pair) => {
    const [one] = pair as [BundleBranch];
    return { walk: walks.get(one)!, kernel: one.kernel, sources: pair.map(source) };
  });
  const strided = stride.some((pixels) => pixels > 1);
  const whole = parts.filter(({ walk: { kind } }) => !strided || kind === "spreads").length;
  const zeros: Walk = { kind: strided ? "spreads" : "slides3", step: [1, 1], origin: [0, 0], shift: [0, 0] };
  const all = whole === 0 ? [{ walk: zeros, kernel: [1, 1] as const, sources: [] }, ...parts] : parts;
  return all.map((part, index) => ({
    ...part,
    // The last one that gives all pixels masks what came before, too; those that give some mask what they leave.
    masked: masks && index >= whole - 1,
    adds: index > 0,
  }));
}

/** What one dispatch does. */
export interface PassTable {
  /** Each with the passes of this dispatch only. */
  readonly sections: readonly Section[];
  readonly rows: readonly Row[];
}

/** Sections in as few tables as hold them; what does not fit is added by dispatches that follow. */
export function passTables(sections: readonly Section[]): PassTable[] {
  const tables: Section[][] = [[]];
  let room = TABLE_ROWS;
  for (const section of sections) {
    for (let from = 0; from < section.passes.length; ) {
      const fitting = Math.floor((room - SECTION_ROWS) / PASS_ROWS);
      if (fitting < 1 || (from > 0 && tables.at(-1)!.length > 0)) {
        tables.push([]);
        room = TABLE_ROWS;
        continue;
      }
      const passes = section.passes.slice(from, from + fitting);
      tables.at(-1)!.push({ ...section, passes });
      room -= SECTION_ROWS + PASS_ROWS * passes.length;
      from += passes.length;
    }
  }
  return tables.map((part) => ({ sections: part, rows: rowsOf(part) }));
}

function rowsOf(sections: readonly Section[]): Row[] {
  const passes: Row[] = [];
  const heads = sections.map((section): Row => {
    const first = sections.length * SECTION_ROWS + passes.length;
    passes.push(...section.passes.flatMap(passRows));
    return [section.quad, section.quads, first, section.passes.length];
  });
  return [...heads, ...passes];
}

function passRows({ walk, kernel, sources: [one, two], masked, adds }: Pass): Row[] {
  const { kind, step, origin, shift } = walk;
  const what = KIND[kind] + (masked ? MASKED : 0) + (adds ? ADDS : 0);
  return [
    [one?.quad ?? 0, one?.weight ?? 0, two?.quad ?? 0, two?.weight ?? 0],
    [one?.channels ?? 0, two?.channels ?? 0, what, bytes(...kernel, ...step)],
    [...origin, ...shift],
  ];
}

/** Whether some pass of these is of a kind that slides, and of the one that does not. */
export function kindsOf(sections: readonly Section[]): { readonly slides: boolean; readonly spreads: boolean } {
  const kinds = sections.flatMap(({ passes }) => passes.map(({ walk }) => walk.kind));
  return { slides: kinds.some((kind) => kind !== "spreads"), spreads: kinds.includes("spreads") };
}

/** Multiplications plus additions of these passes for a dy of so many pixels. */
export const passFlops = (sections: readonly Section[], pixels: number): number =>
  sections
    .flatMap((section) =>
      section.passes.flatMap(({ kernel: [kh, kw], sources }) =>
        sources.map(({ channels }) => 2 * pixels * Math.min(channels, 4 * section.quads) * kh * kw),
      ),
    )
    .reduce((sum, flops) => sum + flops, 0);
