import { loadInputs } from "../../graph/ops/load.ts";
import { pointwiseRange } from "../../graph/ops/pointwise-conv.ts";
import { elements, type PointwiseAttrs } from "../../graph/types.ts";
import { at4, forEach4, type RefOp } from "./def.ts";
import { loaded, masked } from "./load.ts";

/**
 * Every product that the convolutions sum, as indices into x, branch `branch`'s weight and y: y[yi] = Σ x[xi] * w[wi]. The
 * result and both gradients are sums over the same products.
 */
function forEachProduct(
  x: readonly number[],
  y: readonly number[],
  { branches, stride }: PointwiseAttrs,
  body: (xi: number, branch: number, wi: number, yi: number) => void,
): void {
  const [n, , height, width] = y as [number, number, number, number];
  let first = 0;
  for (const [index, { start, inputs, outputs, offset }] of branches.entries()) {
    forEach4([n, outputs, height, width], (image, o, oy, ox) => {
      const yi = at4(y, image, first + o, oy, ox);
      for (let c = 0; c < inputs; c++) {
        const xi = at4(x, image, start + c, offset[0] + stride[0] * oy, offset[1] + stride[1] * ox);
        body(xi, index, o * inputs + c, yi);
      }
    });
    first += outputs;
  }
}

export const pointwise: RefOp<"pointwise"> = ({ attrs, inputs, types, type, out }) => {
  const { shape } = types[0]!;
  const x = loaded(inputs, shape, attrs.load, pointwiseRange(attrs));
  const weights = inputs.slice(1 + loadInputs(attrs.load));
  forEachProduct(shape, type.shape, attrs, (xi, branch, wi, yi) => {
    out[yi]! += x[xi]! * weights[branch]![wi]!;
  });
};

export const pointwise_dx: RefOp<"pointwise_dx"> = ({ attrs, inputs, types, out }) => {
  const [dy, ...rest] = inputs as [Float64Array, ...Float64Array[]];
  const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
  const weights = rest.slice(extra);
  const gradient = new Float64Array(elements({ ...types[0]!, shape: attrs.shape }));
  forEachProduct(attrs.shape, types[0]!.shape, attrs, (xi, branch, wi, yi) => {
    gradient[xi]! += dy[yi]! * weights[branch]![wi]!;
  });
  masked(gradient, rest.slice(0, extra), attrs.shape, attrs.load, pointwiseRange(attrs), out);
};

export const pointwise_dw: RefOp<"pointwise_dw"> = ({ attrs, inputs, types, out }) => {
  const { shape } = types[0]!;
  const x = loaded(inputs, shape, attrs.load, pointwiseRange(attrs));
  const dy = inputs.at(-1)!;
  const starts: number[] = [];
  let total = 0;
  for (const branch of attrs.branches) {
    starts.push(total);
    total += branch.inputs * branch.outputs;
  }
  forEachProduct(shape, types.at(-1)!.shape, attrs, (xi, branch, wi, yi) => {
    out[starts[branch]! + wi]! += x[xi]! * dy[yi]!;
  });
};
