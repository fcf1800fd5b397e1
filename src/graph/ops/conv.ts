import { kernelDims } from "../kernel-dims.ts";
import { type Conv2dAttrs, flat, planes, type TensorType } from "../types.ts";
import { requireFlat, requirePlanes, sameShape, take } from "./check.ts";
import { listText, type OpDef, requireShape, shapeText } from "./def.ts";

/** Shape of the result of a convolution; checks everything the three convolution ops have in common. */
export function convShape(
  x: readonly number[],
  w: readonly number[],
  attrs: Conv2dAttrs,
): [number, number, number, number] {
  const [n, c, h, width] = x as [number, number, number, number];
  const [outChannels, perGroup, kh, kw] = kernelDims(w);
  const { groups, stride, padding, dilation } = attrs;
  requireShape(
    groups === 1 || groups === c,
    `groups is ${groups}; supported are 1 and the number of input channels (${c})`,
  );
  requireShape(
    perGroup === c / groups,
    `the weight ${listText(w)} takes ${perGroup} channels per group, but x ${listText(x)} has ${c} in ${groups} group(s)`,
  );
  requireShape(
    groups === 1 || outChannels === c,
    `a depthwise convolution yields one channel per input channel (${c}), but the weight is ${listText(w)}`,
  );
  const size = (axis: 0 | 1, input: number, kernel: number) => {
    const step = stride[axis];
    requireShape(
      [step, dilation[axis]].every((value) => Number.isInteger(value) && value >= 1) &&
        Number.isInteger(padding[axis]) &&
        padding[axis] >= 0,
      `stride ${listText(stride)}, padding ${listText(padding)} and dilation ${listText(dilation)} must be whole, stride and dilation positive`,
    );
    return Math.floor((input + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / step) + 1;
  };
  const outH = size(0, h, kh);
  const outW = size(1, width, kw);
  requireShape(
    outH > 0 && outW > 0,
    `the result is empty: x ${listText(x)}, weight ${listText(w)}, padding ${listText(padding)}, dilation ${listText(dilation)}`,
  );
  return [n, outChannels, outH, outW];
}

function requireWeight(w: TensorType): void {
  requireShape(w.layout === "flat" && w.dtype === "f32", `w must be flat f32, not ${shapeText(w)}`);
}

function requireGradient(dy: TensorType, expected: readonly number[]): void {
  requirePlanes("dy", dy);
  requireShape(
    sameShape(dy.shape, expected),
    `dy is ${listText(dy.shape)}, but the convolution yields ${listText(expected)}`,
  );
}

export const conv2d: OpDef<"conv2d"> = {
  infer(inputs, attrs) {
    const [x, w] = take(inputs, "x", "w");
    requirePlanes("x", x);
    requireWeight(w);
    return planes(convShape(x.shape, w.shape, attrs));
  },
  vjp({ g, node, dy, needs }) {
    const [x, w] = node.inputs as [typeof dy, typeof dy];
    return [
      needs(0) ? g.add("conv2d_dx", [dy, w], { ...node.attrs, shape: g.type(x).shape }) : undefined,
      needs(1) ? g.add("conv2d_dw", [x, dy], { ...node.attrs, shape: g.type(w).shape }) : undefined,
    ];
  },
};

export const conv2d_dx: OpDef<"conv2d_dx"> = {
  infer(inputs, attrs) {
    const [dy, w] = take(inputs, "dy", "w");
    requireWeight(w);
    requirePlanes("the gradient by x", planes(attrs.shape));
    requireGradient(dy, convShape(attrs.shape, w.shape, attrs));
    return planes(attrs.shape);
  },
};

export const conv2d_dw: OpDef<"conv2d_dw"> = {
  infer(inputs, attrs) {
    const [x, dy] = take(inputs, "x", "dy");
    requirePlanes("x", x);
    requireGradient(dy, convShape(x.shape, attrs.shape, attrs));
    return flat(attrs.shape);
  },
};

export const add_bias: OpDef<"add_bias"> = {
  infer(inputs) {
    const [x, b] = take(inputs, "x", "b");
    const [, channels] = requirePlanes("x", x);
    requireFlat("b", b, [channels]);
    return x;
  },
  vjp({ g, dy, needs }) {
    return [dy, needs(1) ? g.add("channel_sum", [dy], {}) : undefined];
  },
};

/** Appears in gradients only and has none itself. */
export const channel_sum: OpDef<"channel_sum"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    const [, channels] = requirePlanes("x", x);
    return flat([channels]);
  },
};
