import { type DenseAttrs, elements, flat, joinedShape, planes, type TensorType } from "../types.ts";
import { requireFlat, requirePlanes, sameShape } from "./check.ts";
import { convShape } from "./conv-shape.ts";
import { listText, type OpDef, requireShape } from "./def.ts";
import { weightSlices } from "./weight-slices.ts";

/** [Σ O, C, kh, kw]: all weights as one. */
function joined(shapes: readonly (readonly number[])[]): number[] {
  const [first, ...others] = shapes;
  requireShape(first !== undefined && first.length === 4, "takes at least one weight [O, C, kh, kw]");
  for (const shape of others) {
    requireShape(
      sameShape(shape.slice(1), first.slice(1)),
      `weights are ${listText(first)} and ${listText(shape)}: only their outputs may differ`,
    );
  }
  return joinedShape(shapes);
}

function resultShape(x: readonly number[], shapes: readonly (readonly number[])[], attrs: DenseAttrs) {
  return convShape(x, joined(shapes), { ...attrs, groups: 1 });
}

function shapesOf(weights: readonly TensorType[]): (readonly number[])[] {
  weights.forEach((weight, index) => {
    requireFlat(`w${index}`, weight, weight.shape);
  });
  return weights.map(({ shape }) => shape);
}

function requireGradient(dy: TensorType, expected: readonly number[]): void {
  requirePlanes("dy", dy);
  requireShape(
    sameShape(dy.shape, expected),
    `dy is ${listText(dy.shape)}, but the convolutions yield ${listText(expected)}`,
  );
}

export const dense: OpDef<"dense"> = {
  infer([x, ...weights], attrs) {
    requireShape(x !== undefined, "takes x first");
    requirePlanes("x", x);
    return planes(resultShape(x.shape, shapesOf(weights), attrs));
  },
  vjp({ g, node, dy, needs }) {
    const [x, ...weights] = node.inputs as [typeof dy, ...(typeof dy)[]];
    const shapes = weights.map((weight) => g.type(weight).shape);
    const slices = weights.some((_, index) => needs(1 + index))
      ? weightSlices(g, g.add("dense_dw", [x, dy], { ...node.attrs, shapes }), weights)
      : weights.map(() => undefined);
    const dx = needs(0) ? g.add("dense_dx", [dy, ...weights], { ...node.attrs, shape: g.type(x).shape }) : undefined;
    return [dx, ...slices];
  },
};

export const dense_dx: OpDef<"dense_dx"> = {
  infer([dy, ...weights], { shape, ...attrs }) {
    requireShape(dy !== undefined, "takes dy first");
    requirePlanes("the gradient by x", planes(shape));
    requireGradient(dy, resultShape(shape, shapesOf(weights), attrs));
    return planes(shape);
  },
};

export const dense_dw: OpDef<"dense_dw"> = {
  infer(inputs, { shapes, ...attrs }) {
    requireShape(inputs.length === 2, "takes x and dy");
    const [x, dy] = inputs as [TensorType, TensorType];
    requirePlanes("x", x);
    requireGradient(dy, resultShape(x.shape, shapes, attrs));
    return flat([elements(flat(joined(shapes)))]);
  },
};
