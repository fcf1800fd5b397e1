import * as tf from "@tensorflow/tfjs-core";
import { depthwiseRange } from "../../graph/ops/depthwise.ts";
import { loadInputs } from "../../graph/ops/load.ts";
import type { Conv2dAttrs, DepthwiseAttrs, DepthwiseBranch } from "../../graph/types.ts";
import { convolved, convolvedDw, convolvedDx } from "./convolve.ts";
import type { TfOp } from "./def.ts";
import { loaded, masked } from "./load.ts";
import { amongChannels, channelsOf, sumOf } from "./windows.ts";

/** Branches as convolutions; `from` counts from the first channel that any reads, `to` in the bundle's result. */
function convolutions({ branches, stride }: DepthwiseAttrs) {
  const range = depthwiseRange({ branches, stride, load: { relu: false } });
  let to = 0;
  return branches.map(({ start, channels, kernel, padding, dilation }: DepthwiseBranch) => {
    to += channels;
    // A convolution of one channel is dense and depthwise at once.
    const attrs: Conv2dAttrs = { stride, padding, dilation, groups: channels };
    return { attrs, channels, shape: [channels, 1, ...kernel], from: start - range.start, to: to - channels };
  });
}

export const depthwise: TfOp<"depthwise"> = ({ attrs, inputs }) => {
  const x = loaded(inputs, attrs.load, depthwiseRange(attrs));
  const weights = inputs.slice(1 + loadInputs(attrs.load));
  return tf.concat(
    convolutions(attrs).map((conv, branch) =>
      convolved(channelsOf(x, conv.from, conv.channels), weights[branch]!, conv.attrs),
    ),
    3,
  );
};

export const depthwise_dx: TfOp<"depthwise_dx"> = ({ attrs, inputs: [dy, ...rest], type }) => {
  const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
  const weights = rest.slice(extra);
  const range = depthwiseRange(attrs);
  const [, , h, w] = attrs.shape as [number, number, number, number];
  const terms = convolutions(attrs).map((conv, branch) => {
    const own = channelsOf(dy as tf.Tensor4D, conv.to, conv.channels);
    return amongChannels(convolvedDx(own, weights[branch]!, conv.attrs, [h, w]), conv.from, type.shape[1]!);
  });
  return masked(sumOf(terms) as tf.Tensor4D, rest.slice(0, extra), attrs.load, range);
};

export const depthwise_dw: TfOp<"depthwise_dw"> = ({ attrs, inputs }) => {
  const x = loaded(inputs, attrs.load, depthwiseRange(attrs));
  const dy = inputs.at(-1) as tf.Tensor4D;
  return tf.concat(
    convolutions(attrs).map(({ from, to, channels, shape, attrs: own }) => {
      const gradient = convolvedDw(channelsOf(x, from, channels), channelsOf(dy, to, channels), own, shape);
      return tf.reshape(gradient, [-1]);
    }),
  );
};
