import { depthwiseRange, depthwiseWeights } from "../../graph/ops/depthwise.ts";
import { loadInputs } from "../../graph/ops/load.ts";
import { type DepthwiseAttrs, elements } from "../../graph/types.ts";
import { at4, forEach4, type RefOp } from "./def.ts";
import { loaded, masked } from "./load.ts";

/**
 * Every product that the convolutions sum, as indices into x, branch `branch`'s weight and y: y[yi] = Σ x[xi] * w[wi]. The
 * result and both gradients are sums over the same products.
 */
function forEachProduct(
  x: readonly number[],
  y: readonly number[],
  { branches, stride }: DepthwiseAttrs,
  body: (xi: number, branch: number, wi: number, yi: number) => void,
): void {
  const [n, , height, width] = y as [number, number, number, number];
  let first = 0;
  for (const [index, { start, channels, kernel, padding, dilation }] of branches.entries()) {
    const [kh, kw] = kernel;
    forEach4([n, channels, height, width], (image, c, oy, ox) => {
      const yi = at4(y, image, first + c, oy, ox);
      for (let tap = 0; tap < kh * kw; tap++) {
        const iy = oy * stride[0] - padding[0] + Math.floor(tap / kw) * dilation[0];
        const ix = ox * stride[1] - padding[1] + (tap % kw) * dilation[1];
        if (iy < 0 || iy >= x[2]! || ix < 0 || ix >= x[3]!) continue;
        body(at4(x, image, start + c, iy, ix), index, c * kh * kw + tap, yi);
      }
    });
    first += channels;
  }
}

export const depthwise: RefOp<"depthwise"> = ({ attrs, inputs, types, type, out }) => {
  const { shape } = types[0]!;
  const x = loaded(inputs, shape, attrs.load, depthwiseRange(attrs));
  const weights = inputs.slice(1 + loadInputs(attrs.load));
  forEachProduct(shape, type.shape, attrs, (xi, branch, wi, yi) => {
    out[yi]! += x[xi]! * weights[branch]![wi]!;
  });
};

export const depthwise_dx: RefOp<"depthwise_dx"> = ({ attrs, inputs, types, out }) => {
  const [dy, ...rest] = inputs as [Float64Array, ...Float64Array[]];
  const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
  const weights = rest.slice(extra);
  const gradient = new Float64Array(elements({ ...types[0]!, shape: attrs.shape }));
  forEachProduct(attrs.shape, types[0]!.shape, attrs, (xi, branch, wi, yi) => {
    gradient[xi]! += dy[yi]! * weights[branch]![wi]!;
  });
  masked(gradient, rest.slice(0, extra), attrs.shape, attrs.load, depthwiseRange(attrs), out);
};

export const depthwise_dw: RefOp<"depthwise_dw"> = ({ attrs, inputs, types, out }) => {
  const { shape } = types[0]!;
  const x = loaded(inputs, shape, attrs.load, depthwiseRange(attrs));
  const dy = inputs.at(-1)!;
  let total = 0;
  const starts = attrs.branches.map((branch) => {
    total += depthwiseWeights(branch);
    return total - depthwiseWeights(branch);
  });
  forEachProduct(shape, types.at(-1)!.shape, attrs, (xi, branch, wi, yi) => {
    out[starts[branch]! + wi]! += x[xi]! * dy[yi]!;
  });
};
