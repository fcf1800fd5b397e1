import { elements, flat, type TensorType } from "../../graph/types.ts";
import { conv2d, conv2d_dw, conv2d_dx } from "./conv.ts";
import type { RefOp } from "./def.ts";

/** Weights [O, C, kh, kw] one after another are one weight with all their outputs. */
function joined(weights: readonly Float64Array[], shapes: readonly (readonly number[])[]) {
  const outputs = shapes.reduce((sum, [own = 0]) => sum + own, 0);
  const type: TensorType = flat([outputs, ...shapes[0]!.slice(1)]);
  const data = new Float64Array(elements(type));
  let start = 0;
  for (const weight of weights) {
    data.set(weight, start);
    start += weight.length;
  }
  return { data, type };
}

export const dense: RefOp<"dense"> = (context) => {
  const { attrs, inputs, types } = context;
  const { data, type } = joined(
    inputs.slice(1),
    types.slice(1).map(({ shape }) => shape),
  );
  conv2d({ ...context, attrs: { ...attrs, groups: 1 }, inputs: [inputs[0]!, data], types: [types[0]!, type] });
};

export const dense_dx: RefOp<"dense_dx"> = (context) => {
  const { attrs, inputs, types } = context;
  const { data, type } = joined(
    inputs.slice(1),
    types.slice(1).map(({ shape }) => shape),
  );
  conv2d_dx({ ...context, attrs: { ...attrs, groups: 1 }, inputs: [inputs[0]!, data], types: [types[0]!, type] });
};

export const dense_dw: RefOp<"dense_dw"> = (context) => {
  const { shapes, ...attrs } = context.attrs;
  const { type } = joined([], shapes);
  conv2d_dw({ ...context, attrs: { ...attrs, groups: 1, shape: type.shape }, type });
};
