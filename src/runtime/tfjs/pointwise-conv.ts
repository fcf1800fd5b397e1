import * as tf from "@tensorflow/tfjs-core";
import { loadInputs } from "../../graph/ops/load.ts";
import { pointwiseRange } from "../../graph/ops/pointwise-conv.ts";
import type { Conv2dAttrs, PointwiseAttrs } from "../../graph/types.ts";
import { convolved, convolvedDw, convolvedDx } from "./convolve.ts";
import type { TfOp } from "./def.ts";
import { loaded, masked } from "./load.ts";
import { amongChannels, channelsOf, placed, sumOf, taken } from "./windows.ts";

/** A branch on the pixels that it reads. */
const PLAIN: Conv2dAttrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 };

/** Branches with `from` counted from the first channel that any reads, and `to` in the bundle's result. */
function branchesOf(attrs: PointwiseAttrs) {
  const range = pointwiseRange(attrs);
  let to = 0;
  return attrs.branches.map((branch) => {
    to += branch.outputs;
    return { ...branch, from: branch.start - range.start, to: to - branch.outputs };
  });
}

export const pointwise: TfOp<"pointwise"> = ({ attrs, inputs, type }) => {
  const x = loaded(inputs, attrs.load, pointwiseRange(attrs));
  const weights = inputs.slice(1 + loadInputs(attrs.load));
  const [, , h, w] = type.shape as [number, number, number, number];
  return tf.concat(
    branchesOf(attrs).map((branch, index) => {
      const pixels = taken(channelsOf(x, branch.from, branch.inputs), branch.offset, attrs.stride, [h, w]);
      return convolved(pixels, weights[index]!, PLAIN);
    }),
    3,
  );
};

export const pointwise_dx: TfOp<"pointwise_dx"> = ({ attrs, inputs: [dy, ...rest], type }) => {
  const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
  const weights = rest.slice(extra);
  const [, , h, w] = attrs.shape as [number, number, number, number];
  const [, height, width] = dy!.shape as [number, number, number];
  const terms = branchesOf(attrs).map((branch, index) => {
    const own = channelsOf(dy as tf.Tensor4D, branch.to, branch.outputs);
    const pixels = convolvedDx(own, weights[index]!, PLAIN, [height, width]);
    return amongChannels(placed(pixels, branch.offset, attrs.stride, [h, w]), branch.from, type.shape[1]!);
  });
  return masked(sumOf(terms) as tf.Tensor4D, rest.slice(0, extra), attrs.load, pointwiseRange(attrs));
};

export const pointwise_dw: TfOp<"pointwise_dw"> = ({ attrs, inputs }) => {
  const x = loaded(inputs, attrs.load, pointwiseRange(attrs));
  const dy = inputs.at(-1) as tf.Tensor4D;
  const [, h, w] = dy.shape;
  return tf.concat(
    branchesOf(attrs).map((branch) => {
      const pixels = taken(channelsOf(x, branch.from, branch.inputs), branch.offset, attrs.stride, [h, w]);
      const shape = [branch.outputs, branch.inputs, 1, 1];
      return tf.reshape(convolvedDw(pixels, channelsOf(dy, branch.to, branch.outputs), PLAIN, shape), [-1]);
    }),
  );
};
