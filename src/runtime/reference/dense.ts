import { elements, flat, joinedShape } from "../../graph/types.ts";
import { conv2d, conv2d_dw, conv2d_dx } from "./conv.ts";
import type { RefContext, RefOp } from "./def.ts";

/** Weights [O, C, kh, kw] one after another are one weight with all their outputs. */
function joined(weights: readonly Float64Array[], shapes: readonly (readonly number[])[]) {
  const type = flat(joinedShape(shapes));
  const data = new Float64Array(elements(type));
  let start = 0;
  for (const weight of weights) {
    data.set(weight, start);
    start += weight.length;
  }
  return { data, type };
}

/** The same for an op that takes one other input before its weights: what `conv2d` or `conv2d_dx` takes. */
function asOne<K extends "dense" | "dense_dx">({ attrs, inputs, types, ...rest }: RefContext<K>) {
  const { data, type } = joined(
    inputs.slice(1),
    types.slice(1).map(({ shape }) => shape),
  );
  return { ...rest, attrs: { ...attrs, groups: 1 }, inputs: [inputs[0]!, data], types: [types[0]!, type] };
}

export const dense: RefOp<"dense"> = (context) => conv2d(asOne(context));

export const dense_dx: RefOp<"dense_dx"> = (context) => conv2d_dx(asOne(context));

export const dense_dw: RefOp<"dense_dw"> = (context) => {
  const { shapes, ...attrs } = context.attrs;
  const { type } = joined([], shapes);
  conv2d_dw({ ...context, attrs: { ...attrs, groups: 1, shape: type.shape }, type });
};
