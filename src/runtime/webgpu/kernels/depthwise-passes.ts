import { quads, TABLE_ROWS } from "../kernel.ts";
import { type BundleBranch, bytes, MOST_STEP, type Strips, stripsOf } from "./depthwise-strips.ts";

type Pair = readonly [number, number];
type Row = readonly [number, number, number, number];

/** Kinds of passes in depthwise_bundle_dx.wesl, and what else a pass does, as it stands beside the kind. */
const KIND = { slides3: 0, slides5: 1, spreads: 2 } as const;
const MASKED = 4;
const ADDS = 8;

/** How a thread of depthwise_bundle_dx.wesl goes over a branch; pairs are [vertical, horizontal]. */
interface Walk {
  readonly kind: keyof typeof KIND;
  /** Pixels of dy from one tap to the next. */
  readonly step: Pair;
  /** Pixel of dy that the first pixel's first tap sees. */
  readonly origin: Pair;
  /** Sliding: the first pixel. Spreading: taps without weight that lead the window. */
  readonly shift: Pair;
}

/** A branch from some quad on, or zeros: a kernel without taps. */
interface Pass extends Walk {
  readonly kernel: Pair;
  /** First quad of dy, channels from there on, their first weight. */
  readonly quad: number;
  readonly channels: number;
  readonly weight: number;
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
/** Rows of the table that a section and each of its passes take. */
const SECTION_ROWS = 1;
const PASS_ROWS = 2;

const each = (of: (axis: 0 | 1) => number): Pair => [of(0), of(1)];

/** How the gradient by x goes over a branch; undefined if it does not. */
function walkOf(branch: BundleBranch, stride: Pair): Walk | undefined {
  const strips = stripsOf(branch, stride);
  // What a stride leaves out is a byte of the table, too.
  if (!strips || stride.some((pixels) => pixels > MOST_STEP)) return undefined;
  return strips.slides ? slidingWalk(branch, strips, stride) : spreadingWalk(branch);
}

function slidingWalk({ padding }: BundleBranch, { window, step }: Strips, stride: Pair): Walk {
  // The result's pixel stride * u - padding sees pixel u - step * tap of dy; it is the first one for this u.
  const first = each((axis) => Math.ceil(padding[axis] / stride[axis]));
  return {
    kind: `slides${window}`,
    step,
    origin: each((axis) => first[axis] - (window - 1) * step[axis]),
    shift: each((axis) => stride[axis] * first[axis] - padding[axis]),
  };
}

function spreadingWalk({ kernel, padding }: BundleBranch): Walk | undefined {
  const lead = each((axis) => padding[axis] % 2);
  if (kernel.some((taps, axis) => taps + lead[axis as 0 | 1] > 5)) return undefined;
  // Pixel 0 of the result sees pixel (padding + lead - tap) / 2 of dy, and the window begins with the last tap.
  return { kind: "spreads", step: [1, 1], origin: each((axis) => (padding[axis] + lead[axis]) / 2 - 2), shift: lead };
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
  const walked = branches.flatMap((branch) => {
    const walk = walkOf(branch, stride);
    const first = (branch.start - start) / 4;
    return walk ? [{ branch, walk, first, end: first + quads(branch.channels) }] : [];
  });
  if (walked.length < branches.length) return undefined;
  const bounds = [...new Set([0, ...walked.flatMap(({ first, end }) => [first, end]), quads(channels)])];
  bounds.sort((a, b) => a - b);
  const sections = bounds.slice(1).map((end, index): Section => {
    const quad = bounds[index]!;
    const readers = walked.filter((reader) => reader.first <= quad && reader.end >= end);
    const parts = readers.map(({ branch: { kernel, result, channels, weight }, walk, first }) => ({
      ...walk,
      kernel,
      quad: result / 4 + quad - first,
      channels: channels - 4 * (quad - first),
      weight: weight + 4 * (quad - first) * kernel[0] * kernel[1],
    }));
    return { quad, quads: end - quad, passes: inOrder(parts, stride, masks) };
  });
  return spanOf(sections, stride) <= MOST_SPAN ? sections : undefined;
}

/** The passes of a section: first one that gives all pixels, so that the others can add to them. */
function inOrder(parts: readonly Omit<Pass, "masked" | "adds">[], stride: Pair, masks: boolean): Pass[] {
  const strided = stride.some((pixels) => pixels > 1);
  const whole = parts.filter(({ kind }) => !strided || kind === "spreads");
  const partial = parts.filter((part) => !whole.includes(part));
  if (whole.length === 0) {
    const none: Pair = [0, 0];
    const kind = strided ? "spreads" : "slides3";
    whole.push({ kind, step: [1, 1], origin: none, shift: none, kernel: none, quad: 0, channels: 0, weight: 0 });
  }
  return [...whole, ...partial].map((part, index) => ({
    ...part,
    // The last one that gives all pixels masks what came before, too; those that give some mask what they leave there.
    masked: masks && index >= whole.length - 1,
    adds: index > 0,
  }));
}

/** A thread's columns in units of four: what every pass fills with whole walks. */
export const spanOf = (sections: readonly Section[], stride: Pair): number =>
  sections
    .flatMap(({ passes }) => passes)
    .reduce((span, { kind, step }) => (kind === "spreads" ? span : lcm(span, step[1] * stride[1])), 1);

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
const lcm = (a: number, b: number): number => (a / gcd(a, b)) * b;

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
    for (let first = 0; first < section.passes.length; ) {
      if (room < SECTION_ROWS + PASS_ROWS || first > 0) {
        tables.push([]);
        room = TABLE_ROWS;
      }
      const passes = section.passes.slice(first, first + Math.floor((room - SECTION_ROWS) / PASS_ROWS));
      tables.at(-1)!.push({ ...section, passes });
      room -= SECTION_ROWS + PASS_ROWS * passes.length;
      first += passes.length;
    }
  }
  return tables.map((part) => ({ sections: part, rows: rowsOf(part) }));
}

function rowsOf(sections: readonly Section[]): Row[] {
  const passes: Row[] = [];
  const heads = sections.map((section): Row => {
    const first = SECTION_ROWS * sections.length + passes.length;
    passes.push(...section.passes.flatMap(passRows));
    return [section.quad, section.quads, first, section.passes.length];
  });
  return [...heads, ...passes];
}

function passRows({ kind, kernel, step, origin, shift, quad, channels, weight, masked, adds }: Pass): Row[] {
  const what = KIND[kind] + (masked ? MASKED : 0) + (adds ? ADDS : 0);
  return [
    [quad, channels, weight, what],
    [bytes(...kernel, ...step), bytes(...shift, 0, 0), ...origin],
  ];
}

/** Whether some pass of these is of a kind that slides, and of the one that does not. */
export function kindsOf(sections: readonly Section[]): { readonly slides: boolean; readonly spreads: boolean } {
  const kinds = sections.flatMap(({ passes }) => passes.map(({ kind }) => kind));
  return { slides: kinds.some((kind) => kind !== "spreads"), spreads: kinds.includes("spreads") };
}

/** Multiplications plus additions of these passes for a dy of so many pixels. */
export const passFlops = (sections: readonly Section[], pixels: number): number =>
  sections
    .flatMap((section) =>
      section.passes.map(
        ({ kernel: [kh, kw], channels }) => 2 * pixels * Math.min(channels, 4 * section.quads) * kh * kw,
      ),
    )
    .reduce((sum, flops) => sum + flops, 0);
