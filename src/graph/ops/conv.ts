import { flat, planes, type TensorType } from "../types.ts";
import { requireFlat, requirePlanes, sameShape, take } from "./check.ts";
import { convShape } from "./conv-shape.ts";
import { listText, type OpDef, requireShape, shapeText } from "./def.ts";

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
