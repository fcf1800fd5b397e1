import { flat, type TensorType, type Value } from "../types.ts";
import { requireF32, requireFlat, requireIndex, requirePlanes, requireSame, requireVector, take } from "./check.ts";
import { listText, type OpDef, requireShape } from "./def.ts";

export const add: OpDef<"add"> = {
  infer(inputs) {
    const [first] = inputs;
    requireShape(first !== undefined, "sums at least one tensor");
    requireF32("input 0", first);
    for (const [index, type] of inputs.entries()) requireSame(`input ${index}`, type, "input 0", first);
    return first;
  },
  vjp({ node, dy }) {
    return node.inputs.map(() => dy);
  },
};

/** Checks the summands of a weighted sum against its indices and yields their common type. */
function requireTerms(terms: readonly TensorType[], indices: readonly number[], size: number): TensorType {
  const [first] = terms;
  requireShape(first !== undefined, "sums at least one tensor");
  requireF32("x0", first);
  for (const [index, type] of terms.entries()) requireSame(`x${index}`, type, "x0", first);
  requireShape(
    indices.length === terms.length,
    `${terms.length} tensors need as many indices, not ${listText(indices)}`,
  );
  for (const index of indices) requireIndex("an index into the weights", index, size);
  return first;
}

export const weighted_sum: OpDef<"weighted_sum"> = {
  infer(inputs, { indices, clip }) {
    const [w, ...terms] = inputs;
    requireShape(w !== undefined, "takes the weights first");
    const type = requireTerms(terms, indices, requireVector("w", w));
    if (clip !== undefined) requirePlanes("x0", type);
    return type;
  },
  vjp({ g, node, dy, needs }) {
    const [w, ...terms] = node.inputs as [Value, ...Value[]];
    const { indices, clip } = node.attrs;
    const size = g.type(w).shape[0]!;
    const byWeights = () => {
      if (clip === undefined) return g.add("weighted_sum_dw", [dy, ...terms], { indices, size });
      const channels = g.type(dy).shape[1]!;
      const whole = terms.map((_, x) => ({ x, start: 0 }));
      const dots = g.add("sample_dots", [dy, ...terms], { channels, terms: whole, clip });
      return g.add("mix_dw", [dots], { rows: indices.map((index, row) => ({ source: 0, row, index })), size });
    };
    return [
      needs(0) ? byWeights() : undefined,
      ...terms.map((_, term) => (needs(term + 1) ? g.add("scale_by", [dy, w], { index: indices[term]! }) : undefined)),
    ];
  },
};

export const weighted_sum_dw: OpDef<"weighted_sum_dw"> = {
  infer(inputs, { indices, size }) {
    const [dy, ...terms] = inputs;
    requireShape(dy !== undefined, "takes the gradient first");
    requireSame("dy", dy, "x0", requireTerms(terms, indices, size));
    return flat([size]);
  },
};

export const scale_by: OpDef<"scale_by"> = {
  infer(inputs, { index }) {
    const [x, w] = take(inputs, "x", "w");
    requireF32("x", x);
    requireIndex("index", index, requireVector("w", w));
    return x;
  },
  vjp({ g, node, dy, needs }) {
    const [x, w] = node.inputs as [Value, Value];
    const { index } = node.attrs;
    return [
      needs(0) ? g.add("scale_by", [dy, w], { index }) : undefined,
      needs(1) ? g.add("weighted_sum_dw", [dy, x], { indices: [index], size: g.type(w).shape[0]! }) : undefined,
    ];
  },
};

/** The samples' factors are masks: no gradient by them. */
export const scale_samples: OpDef<"scale_samples"> = {
  infer(inputs) {
    const [x, m] = take(inputs, "x", "m");
    const [n] = requirePlanes("x", x);
    requireFlat("m", m, [n]);
    return x;
  },
  vjp({ g, node, dy }) {
    return [g.add("scale_samples", [dy, node.inputs[1]!], {}), undefined];
  },
};

export const softmax: OpDef<"softmax"> = {
  infer(inputs) {
    const [first] = inputs;
    requireShape(first !== undefined, "takes at least one vector");
    const size = requireVector("a", first);
    for (const [index, type] of inputs.entries()) requireSame(`a${index}`, type, "a0", first);
    return flat([inputs.length * size]);
  },
  vjp({ g, node, value, dy }) {
    const vectors = node.inputs.length;
    const dx = g.add("softmax_dx", [value, dy], { vectors });
    if (vectors === 1) return [dx];
    return node.inputs.map((input, index) => {
      const { shape } = g.type(input);
      return g.add("flat_slice", [dx], { start: index * shape[0]!, shape });
    });
  },
};

export const softmax_dx: OpDef<"softmax_dx"> = {
  infer(inputs, { vectors }) {
    const [y, dy] = take(inputs, "y", "dy");
    const size = requireVector("y", y);
    requireSame("dy", dy, "y", y);
    requireShape(size % vectors === 0, `${size} elements are not ${vectors} vectors of one length`);
    return y;
  },
};

export const normalize: OpDef<"normalize"> = {
  infer(inputs) {
    const [a] = take(inputs, "a");
    requireVector("a", a);
    return a;
  },
  vjp({ g, node, dy }) {
    return [g.add("normalize_dx", [node.inputs[0]!, dy], {})];
  },
};

export const normalize_dx: OpDef<"normalize_dx"> = {
  infer(inputs) {
    const [a, dy] = take(inputs, "a", "dy");
    requireVector("a", a);
    requireSame("dy", dy, "a", a);
    return a;
  },
};

export const mean: OpDef<"mean"> = {
  infer(inputs) {
    const [v] = take(inputs, "v");
    requireFlat("v", v, v.shape);
    return flat([1]);
  },
  vjp({ g, node, dy }) {
    const { shape } = g.type(node.inputs[0]!);
    return [g.add("expand", [dy], { shape, factor: 1 / count(shape) })];
  },
};

export const expand: OpDef<"expand"> = {
  infer(inputs, { shape }) {
    const [s] = take(inputs, "s");
    requireFlat("s", s, [1]);
    return flat(shape);
  },
  vjp({ g, node, dy }) {
    const mean = g.add("mean", [dy], {});
    return [g.add("scale", [mean], { factor: node.attrs.factor * count(node.attrs.shape) })];
  },
};

export const abs_sum: OpDef<"abs_sum"> = {
  infer(inputs) {
    const [v] = take(inputs, "v");
    requireFlat("v", v, v.shape);
    return flat([1]);
  },
  vjp({ g, node, dy }) {
    return [g.add("abs_sum_dx", [node.inputs[0]!, dy], {})];
  },
};

export const abs_sum_dx: OpDef<"abs_sum_dx"> = {
  infer(inputs) {
    const [v, dy] = take(inputs, "v", "dy");
    requireFlat("v", v, v.shape);
    requireFlat("dy", dy, [1]);
    return v;
  },
};

const count = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);
