import { joinedShape } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { filterOf, isDepthwise } from "./conv-shape.ts";
import { lowerDenseDw } from "./dense-dw.ts";
import { lowerDepthwiseDw } from "./depthwise-bundle-dw.ts";
import { lowerPointwiseDw } from "./pointwise-bundle-dw.ts";

/** (x, dy) → gradient by w: depthwise and unpadded 1x1 convolutions are bundles of one. */
export const conv2dDw: Lower<"conv2d_dw"> = (context) => {
  const { attrs } = context.node;
  const [x, dy] = context.inputs;
  const filter = filterOf(attrs.shape);
  const { outputs, inputs, kernel, taps } = filter;
  const { stride, padding, dilation } = attrs;
  const load = { relu: false };
  if (isDepthwise(attrs)) {
    const branch = { start: 0, channels: outputs, kernel, padding, dilation };
    lowerDepthwiseDw(context, { branches: [branch], stride, load }, context.inputs);
  } else if (taps === 1 && padding.every((pixels) => pixels === 0)) {
    const branch = { start: 0, inputs, outputs, offset: [0, 0] as const };
    lowerPointwiseDw(context, { branches: [branch], stride, load }, context.inputs);
  } else {
    lowerDenseDw(context, attrs, filter, x!, dy!);
  }
};

/** (x, dy) → gradients by the weights. */
export const denseDw: Lower<"dense_dw"> = (context) => {
  const { shapes, ...attrs } = context.node.attrs;
  const [x, dy] = context.inputs;
  const rows = shapes.map(([own = 0]) => own);
  lowerDenseDw(context, attrs, filterOf(joinedShape(shapes)), x!, dy!, rows);
};
