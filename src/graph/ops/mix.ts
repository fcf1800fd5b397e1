import { flat, type MixAttrs, type MixTerm, planes, type TensorType, type Value } from "../types.ts";
import { requireFlat, requireIndex, requirePlanes, requireVector, sameShape } from "./check.ts";
import { listText, type OpDef, requireShape } from "./def.ts";

/** First row of a term in the result of `mix_grad`; S1 is there, A, B and C follow. */
export const mixRow = (term: number): number => 1 + 4 * term;

/** Shape of the result; checks every input that a term names. */
function resultShape(inputs: readonly TensorType[], { channels, terms }: MixAttrs): number[] {
  requireShape(terms.length > 0, "sums at least one term");
  const input = (name: string, index: number): TensorType => {
    requireIndex(name, index, inputs.length);
    return inputs[index]!;
  };
  const [first] = terms as [MixTerm];
  const [n, , h, w] = requirePlanes("x", input("x", first.x));
  for (const { x, start, norm, weight } of terms) {
    const type = input("x", x);
    const [, available] = requirePlanes("x", type);
    requireShape(
      sameShape(type.shape, [n, available, h, w]) && start >= 0 && start + channels <= available,
      `a term takes channels ${start} to ${start + channels - 1} of ${listText(type.shape)}, but the result is ${listText([n, channels, h, w])}`,
    );
    if (weight) {
      requireIndex("index of a weight", weight.index, requireVector("weights", input("weights", weight.vector)));
    }
    if (!norm) continue;
    requireFlat("stats", input("stats", norm.stats), [3, available]);
    requireShape((norm.gamma === undefined) === (norm.beta === undefined), "gamma and beta come together");
    if (norm.gamma !== undefined) requireFlat("gamma", input("gamma", norm.gamma), [channels]);
    if (norm.beta !== undefined) requireFlat("beta", input("beta", norm.beta), [channels]);
    // S1 is of x̂; with beta the gradient by a weight would need more than that.
    requireShape(norm.gamma === undefined || !weight, "a term has either a weight or gamma and beta");
  }
  return [n, channels, h, w];
}

export const mix: OpDef<"mix"> = {
  infer: (inputs, attrs) => planes(resultShape(inputs, attrs)),
  vjp({ g, node, dy, needs }) {
    const { inputs, attrs } = node;
    const { channels, terms } = attrs;
    const gradients: (Value | undefined)[] = inputs.map(() => undefined);
    let sums: Value | undefined;
    const grad = () => {
      sums ??= g.add("mix_grad", [dy, ...inputs], attrs);
      return sums;
    };
    const clipped = new Map<number, Value>();
    const dots = (clip: number) => {
      const known = clipped.get(clip) ?? g.add("sample_dots", [dy, ...inputs], { channels, terms, clip });
      clipped.set(clip, known);
      return known;
    };
    inputs.forEach((x, index) => {
      if (!needs(index)) return;
      const mine = terms.flatMap((term, t) => (term.x === index ? [{ term, t }] : []));
      if (mine.length > 0) {
        const [only] = mine as [(typeof mine)[0]];
        const whole = mine.length === 1 && g.type(x).shape[1] === channels;
        if (whole && !only.term.norm) {
          const { weight } = only.term;
          gradients[index] = weight ? g.add("scale_by", [dy, inputs[weight.vector]!], { index: weight.index }) : dy;
        } else {
          gradients[index] = g.add("mix_dx", [x, dy, grad()], {
            terms: mine.map(({ term, t }) => ({
              start: term.start,
              channels,
              source: 0,
              row: mixRow(t) + 1,
              plain: !term.norm?.batch,
            })),
          });
        }
        return;
      }
      const sources: Value[] = [];
      const rows = terms.flatMap(({ weight }, t) => {
        if (weight?.vector !== index) return [];
        const { clip } = weight;
        const value = clip === undefined ? grad() : dots(clip);
        if (!sources.includes(value)) sources.push(value);
        return [{ source: sources.indexOf(value), row: clip === undefined ? mixRow(t) : t, index: weight.index }];
      });
      if (rows.length > 0) gradients[index] = g.add("mix_dw", sources, { rows, size: g.type(x).shape[0]! });
      const scaled = terms.flatMap(({ norm }, t) => (norm?.gamma === index ? [mixRow(t)] : []));
      const shifted = terms.flatMap(({ norm }) => (norm?.beta === index ? [0] : []));
      const affine = [...scaled, ...shifted];
      if (affine.length > 0)
        gradients[index] = addAll(
          g,
          affine.map((row) => g.add("row", [grad()], { index: row })),
        );
    });
    return gradients;
  },
};

type Writer = Parameters<NonNullable<typeof mix.vjp>>[0]["g"];

const addAll = (g: Writer, values: readonly Value[]): Value =>
  values.length === 1 ? values[0]! : g.add("add", values, {});

/** Checks the gradient and the inputs of a `mix`. */
function requireGradient([dy, ...inputs]: readonly TensorType[], attrs: MixAttrs): void {
  requireShape(dy !== undefined, "takes dy first");
  requirePlanes("dy", dy);
  const expected = resultShape(inputs, attrs);
  requireShape(sameShape(dy.shape, expected), `dy is ${listText(dy.shape)}, the result is ${listText(expected)}`);
}

export const mix_grad: OpDef<"mix_grad"> = {
  infer(inputs, attrs) {
    requireGradient(inputs, attrs);
    return flat([1 + 4 * attrs.terms.length, attrs.channels]);
  },
};

export const sample_dots: OpDef<"sample_dots"> = {
  infer(inputs, attrs) {
    requireGradient(inputs, attrs);
    requireShape(attrs.clip > 0, `clips to a number above 0, not ${attrs.clip}`);
    return flat([attrs.terms.length, 1]);
  },
};

export const mix_dx: OpDef<"mix_dx"> = {
  infer([x, ...rest], { terms }) {
    requireShape(x !== undefined && rest.length % 2 === 0, "takes x and pairs of dy and g");
    const [n, available, h, w] = requirePlanes("x", x);
    for (const { start, channels, source, row } of terms) {
      requireShape(
        start >= 0 && start + channels <= available,
        `channels ${start} to ${start + channels - 1} leave x ${listText(x.shape)}`,
      );
      requireIndex("source", source, rest.length / 2);
      const [dy, g] = rest.slice(2 * source) as [TensorType, TensorType];
      requireShape(
        sameShape(dy.shape, [n, channels, h, w]) && g.shape.length === 2 && g.shape[1] === channels,
        `dy ${listText(dy.shape)} and g ${listText(g.shape)} do not fit ${channels} channels of x ${listText(x.shape)}`,
      );
      requireIndex("the last of three rows", row + 2, g.shape[0]!);
    }
    return x;
  },
};

export const mix_dw: OpDef<"mix_dw"> = {
  infer(inputs, { rows, size }) {
    for (const [index, g] of inputs.entries()) {
      requireShape(g.layout === "flat" && g.shape.length === 2, `g${index} must be a flat matrix`);
    }
    for (const { source, row, index } of rows) {
      requireIndex("source", source, inputs.length);
      requireIndex("row", row, inputs[source]!.shape[0]!);
      requireIndex("index", index, size);
    }
    return flat([size]);
  },
};
