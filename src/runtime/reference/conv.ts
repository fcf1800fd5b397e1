import { kernelDims } from "../../graph/kernel-dims.ts";
import type { Conv2dAttrs } from "../../graph/types.ts";
import { at4, forEach4, type RefOp } from "./def.ts";

/**
 * Every product that a convolution sums, as indices into x, w and y: y[yi] = Σ x[xi] * w[wi]. The result and both gradients
 * are sums over the same products.
 */
function forEachProduct(
  x: readonly number[],
  w: readonly number[],
  y: readonly number[],
  attrs: Conv2dAttrs,
  body: (xi: number, wi: number, yi: number) => void,
): void {
  const [, , height, width] = x as [number, number, number, number];
  const [, perGroup, kh, kw] = kernelDims(w);
  const outPerGroup = y[1]! / attrs.groups;
  forEach4(y, (n, o, oy, ox, yi) => {
    const firstChannel = Math.floor(o / outPerGroup) * perGroup;
    for (let c = 0; c < perGroup; c++) {
      for (let ky = 0; ky < kh; ky++) {
        const iy = oy * attrs.stride[0] - attrs.padding[0] + ky * attrs.dilation[0];
        if (iy < 0 || iy >= height) continue;
        for (let kx = 0; kx < kw; kx++) {
          const ix = ox * attrs.stride[1] - attrs.padding[1] + kx * attrs.dilation[1];
          if (ix < 0 || ix >= width) continue;
          body(at4(x, n, firstChannel + c, iy, ix), ((o * perGroup + c) * kh + ky) * kw + kx, yi);
        }
      }
    }
  });
}

export const conv2d: RefOp<"conv2d"> = ({ attrs, inputs, types, type, out }) => {
  const [x, w] = inputs as [Float64Array, Float64Array];
  forEachProduct(types[0]!.shape, types[1]!.shape, type.shape, attrs, (xi, wi, yi) => {
    out[yi]! += x[xi]! * w[wi]!;
  });
};

export const conv2d_dx: RefOp<"conv2d_dx"> = ({ attrs, inputs, types, type, out }) => {
  const [dy, w] = inputs as [Float64Array, Float64Array];
  forEachProduct(type.shape, types[1]!.shape, types[0]!.shape, attrs, (xi, wi, yi) => {
    out[xi]! += dy[yi]! * w[wi]!;
  });
};

export const conv2d_dw: RefOp<"conv2d_dw"> = ({ attrs, inputs, types, type, out }) => {
  const [x, dy] = inputs as [Float64Array, Float64Array];
  forEachProduct(types[0]!.shape, type.shape, types[1]!.shape, attrs, (xi, wi, yi) => {
    out[wi]! += x[xi]! * dy[yi]!;
  });
};

export const add_bias: RefOp<"add_bias"> = ({ inputs, type, out }) => {
  const [x, b] = inputs as [Float64Array, Float64Array];
  forEach4(type.shape, (_n, c, _y, _x, i) => {
    out[i] = x[i]! + b[c]!;
  });
};

export const channel_sum: RefOp<"channel_sum"> = ({ inputs, types, out }) => {
  const [x] = inputs as [Float64Array];
  forEach4(types[0]!.shape, (_n, c, _y, _x, i) => {
    out[c]! += x[i]!;
  });
};
