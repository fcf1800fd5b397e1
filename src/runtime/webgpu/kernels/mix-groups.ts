import { dims4, type MixTerm } from "../../../graph/types.ts";
import { quads, type TensorRef, type Tuning } from "../kernel.ts";
import { termConditions } from "./chunks.ts";
import { type Launch, planeBlocks, planePixels } from "./launch.ts";

/** Tensors a dispatch may bind: with the gradient or the coefficients and with the result, eight bindings. */
const TENSORS = 6;
/** Terms of a dispatch: each load in a shader's text costs compile time. */
const TERMS = 8;

/**
 * Terms that one dispatch computes: for each tensor that it binds one term or two, those with two first. Numbers are those of
 * the op's terms.
 */
export interface MixGroup {
  readonly first: readonly number[];
  readonly second: readonly number[];
  /** One term alone whose channels start inside a quad: two loads a pixel. */
  readonly lanes: boolean;
}

/** Terms in dispatches, as they come, but those that start inside a quad last. */
export function mixGroups(terms: readonly MixTerm[]): MixGroup[] {
  const groups: MixGroup[] = [];
  let open: (readonly [number, number?])[] = [];
  const close = () => {
    const tensors = [...open.filter(({ length }) => length === 2), ...open.filter(({ length }) => length === 1)];
    if (open.length > 0) {
      groups.push({
        first: tensors.map(([first]) => first),
        second: tensors.flatMap(([, second]) => (second === undefined ? [] : [second])),
        lanes: false,
      });
    }
    open = [];
  };
  for (const pair of pairs(terms)) {
    if (open.length === TENSORS || open.flat().length + pair.length > TERMS) close();
    open.push(pair);
  }
  close();
  const shifted = terms.flatMap(({ start }, t) => (start % 4 === 0 ? [] : [t]));
  return [...groups, ...shifted.map((t) => ({ first: [t], second: [], lanes: true }))];
}

/** Terms that start with a quad, two of a tensor at a time, in the order in which the tensors come. */
function pairs(terms: readonly MixTerm[]): [number, number?][] {
  const ofTensor = new Map<number, number[]>();
  terms.forEach(({ x, start }, t) => {
    if (start % 4 === 0) ofTensor.set(x, [...(ofTensor.get(x) ?? []), t]);
  });
  return [...ofTensor.values()].flatMap((own) =>
    own.flatMap((t, index): [number, number?][] => {
      if (index % 2 === 1) return [];
      const next = own[index + 1];
      return [next === undefined ? [t] : [t, next]];
    }),
  );
}

/** The tensors that a group binds, in order. */
export const groupReads = ({ first }: MixGroup, terms: readonly MixTerm[], inputs: readonly TensorRef[]): TensorRef[] =>
  first.map((t) => inputs[terms[t]!.x]!);

/** WESL conditions of mix.wesl and mix_grad_parts.wesl. */
export const groupConditions = ({ first, second, lanes }: MixGroup, tuning: Tuning): Record<string, boolean> => ({
  ...termConditions(first.length),
  ...Object.fromEntries([0, 1, 2, 3].map((tensor) => [`two${tensor}`, second.length > tensor])),
  lanes,
  unrolled: tuning.workgroup >= 64,
});

/** Row of a term in coefficients and in parts: row 0 is for what is of no term alone. */
export const termRow = (term: number): number => 1 + term;

/** The table of mix.wesl and mix_grad_parts.wesl: second terms from row 6 on, the rows between are empty. */
export function groupTable(
  { first, second }: MixGroup,
  terms: readonly MixTerm[],
  inputs: readonly TensorRef[],
): [number, number, number, number][] {
  const row = (t: number): [number, number, number, number] => {
    const { x, start } = terms[t]!;
    return [Math.floor(start / 4), termRow(t), start % 4, quads(dims4(inputs[x]!.type)[1])];
  };
  const rows = first.map(row);
  if (second.length === 0) return rows;
  const empty = Array.from({ length: TENSORS - rows.length }, (): [number, number, number, number] => [0, 0, 0, 0]);
  return [...rows, ...empty, ...second.map(row)];
}

/**
 * Pixels of each plane in blocks: an invocation looks up all terms once, so on software adapters, where that costs as much as
 * many pixels, it takes many.
 */
export const mixBlocks = (y: TensorRef, tuning: Tuning): Launch =>
  planeBlocks(y.type, tuning, tuning.workgroup < 64 ? 4 * tuning.pixels : tuning.pixels);

/** As `mixBlocks`, with few enough invocations for their sums to be added up. */
export function mixReduction(y: TensorRef, tuning: Tuning): Launch & { readonly parts: number } {
  const [least, most] = tuning.workgroup < 64 ? [4 * tuning.pixels, 256] : [tuning.pixels, 2048];
  const launch = planeBlocks(y.type, tuning, Math.max(least, Math.ceil(planePixels(y.type) / most)));
  return { ...launch, parts: (launch.uniforms.blocks as number) * tuning.workgroup };
}
