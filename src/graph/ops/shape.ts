import { elements, flat, planes, type Value } from "../types.ts";
import { requireIndex, requirePlanes, sameShape, take } from "./check.ts";
import { listText, type OpDef, requireShape, shapeText } from "./def.ts";

export const concat: OpDef<"concat"> = {
  infer(inputs) {
    const [first] = inputs;
    requireShape(first !== undefined, "joins at least one tensor");
    const [n, , h, w] = requirePlanes("input 0", first);
    let channels = 0;
    for (const [index, type] of inputs.entries()) {
      const [, c] = requirePlanes(`input ${index}`, type);
      channels += c;
      requireShape(
        sameShape(type.shape, [n, c, h, w]),
        `input ${index} is ${shapeText(type)}, but input 0 is ${shapeText(first)}; all sizes but the channels must agree`,
      );
    }
    return planes([n, channels, h, w]);
  },
  vjp({ g, node, dy, needs }) {
    let start = 0;
    return node.inputs.map((input, index) => {
      const count = g.type(input).shape[1]!;
      start += count;
      return needs(index) ? g.add("channel_slice", [dy], { start: start - count, count }) : undefined;
    });
  },
};

export const channel_slice: OpDef<"channel_slice"> = {
  infer(inputs, { start, count }) {
    const [x] = take(inputs, "x");
    const [n, channels, h, w] = requirePlanes("x", x);
    requireIndex("start", start, channels);
    requireShape(
      Number.isInteger(count) && count >= 1 && start + count <= channels,
      `channels ${start} to ${start + count - 1} are not all in x ${listText(x.shape)}`,
    );
    return planes([n, count, h, w]);
  },
  vjp({ g, node, dy }) {
    const [n, channels, h, w] = g.type(node.inputs[0]!).shape as [number, number, number, number];
    const { start, count } = node.attrs;
    const zeros = (size: number): Value[] =>
      size > 0 ? [g.add("fill", [], { type: planes([n, size, h, w]), value: 0 })] : [];
    return [g.add("concat", [...zeros(start), dy, ...zeros(channels - start - count)], {})];
  },
};

interface Slice {
  readonly start: readonly [number, number];
  readonly stride: readonly [number, number];
}

function slicedShape(x: readonly number[], { start, stride }: Slice): number[] {
  const [n, c, h, w] = x as [number, number, number, number];
  requireShape(
    start.every((value) => Number.isInteger(value) && value >= 0) && start[0] < h && start[1] < w,
    `start ${listText(start)} lies outside x ${listText(x)}`,
  );
  requireShape(
    stride.every((value) => Number.isInteger(value) && value >= 1),
    `stride ${listText(stride)} must be positive`,
  );
  return [n, c, Math.ceil((h - start[0]) / stride[0]), Math.ceil((w - start[1]) / stride[1])];
}

export const strided_slice: OpDef<"strided_slice"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    return planes(slicedShape(x.shape, attrs));
  },
  vjp({ g, node, dy }) {
    return [g.add("strided_slice_dx", [dy], { ...node.attrs, shape: g.type(node.inputs[0]!).shape })];
  },
};

export const strided_slice_dx: OpDef<"strided_slice_dx"> = {
  infer(inputs, attrs) {
    const [dy] = take(inputs, "dy");
    requirePlanes("dy", dy);
    const expected = slicedShape(attrs.shape, attrs);
    requireShape(sameShape(dy.shape, expected), `dy is ${listText(dy.shape)}, but the slice is ${listText(expected)}`);
    return planes(attrs.shape);
  },
};

export const flatten: OpDef<"flatten"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    const [n, c, h, w] = requirePlanes("x", x);
    return planes([n, c * h * w, 1, 1]);
  },
  vjp({ g, node, dy }) {
    return [g.add("unflatten", [dy], { shape: g.type(node.inputs[0]!).shape })];
  },
};

export const unflatten: OpDef<"unflatten"> = {
  infer(inputs, { shape }) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    const [n, c, h, w] = requirePlanes("the result", planes(shape));
    requireShape(sameShape(x.shape, [n, c * h * w, 1, 1]), `x ${listText(x.shape)} cannot become ${listText(shape)}`);
    return planes(shape);
  },
  vjp({ g, dy }) {
    return [g.add("flatten", [dy], {})];
  },
};

/** Takes one of the results that lie one after another in a flat tensor; they are gradients and have none themselves. */
export const flat_slice: OpDef<"flat_slice"> = {
  infer(inputs, { start, shape }) {
    const [x] = take(inputs, "x");
    const type = flat(shape, x.dtype);
    requireShape(
      x.layout === "flat" && start >= 0 && start + elements(type) <= elements(x),
      `elements ${start} to ${start + elements(type) - 1} are not all in x ${shapeText(x)}`,
    );
    return type;
  },
};

/** Takes the statistics of some channels; statistics pass no gradient. */
export const columns: OpDef<"columns"> = {
  infer(inputs, { start, count }) {
    const [x] = take(inputs, "x");
    requireShape(
      x.layout === "flat" && x.shape.length === 2 && start >= 0 && count > 0 && start + count <= x.shape[1]!,
      `columns ${start} to ${start + count - 1} are not all in x ${shapeText(x)}`,
    );
    return flat([x.shape[0]!, count], x.dtype);
  },
};
