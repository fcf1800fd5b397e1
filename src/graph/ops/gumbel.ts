import { flat, type TensorType } from "../types.ts";
import { requireSame, requireVector } from "./check.ts";
import { type OpDef, requireShape } from "./def.ts";

/** Checks the vectors and the draws; yields how many elements all vectors have. */
function requireDraws(vectors: readonly TensorType[], { index, samples }: { index: number; samples: number }): number {
  const [first] = vectors;
  requireShape(first !== undefined, "takes at least one vector");
  const size = requireVector("a", first);
  for (const [at, type] of vectors.entries()) requireSame(`a${at}`, type, "a0", first);
  requireShape(Number.isInteger(index) && index >= 0, `the sub-stream must be a whole number, not ${index}`);
  requireShape(Number.isInteger(samples) && samples >= 0, `the samples must be a whole number, not ${samples}`);
  return vectors.length * size;
}

export const gumbel_softmax: OpDef<"gumbel_softmax"> = {
  infer: (inputs, attrs) => flat([requireDraws(inputs, attrs)]),
  vjp({ g, node, dy }) {
    const { inputs, attrs } = node;
    const dx = g.add("gumbel_softmax_dx", [dy, ...inputs], attrs);
    return inputs.map((input, at) => {
      const { shape } = g.type(input);
      return g.add("flat_slice", [dx], { start: at * shape[0]!, shape });
    });
  },
};

export const gumbel_softmax_dx: OpDef<"gumbel_softmax_dx"> = {
  infer([dy, ...vectors], attrs) {
    requireShape(dy !== undefined, "takes dy first");
    const type = flat([requireDraws(vectors, attrs)]);
    requireSame("dy", dy, "the result", type);
    return type;
  },
};

/** Where each element went is not kept, so there is no gradient. */
export const sort_descending: OpDef<"sort_descending"> = {
  infer(inputs) {
    requireShape(inputs.length === 1, "takes one vector");
    return flat([requireVector("a", inputs[0]!)]);
  },
};
