import { dims4, type TensorType, type Window2d } from "../../../graph/types.ts";
import type { Lower, TensorRef, Tuning } from "../kernel.ts";
import { imageRows, type Launch } from "./launch.ts";

/**
 * Launch over the rows of `over` (the result) of a pooling kernel from images of `input` size to `output` size. Strides
 * are constants, and so is the window every search space uses. Uniforms: rows, segments, per, width, in_h, in_w, out_h,
 * out_w, kernel_h, kernel_w, pad_h, pad_w.
 */
export function windows(
  over: TensorType,
  input: TensorType,
  output: TensorType,
  window: Window2d,
  tuning: Tuning,
): Launch {
  const launch = imageRows(over, tuning);
  const [, , inH, inW] = dims4(input);
  const [, , outH, outW] = dims4(output);
  const [kernelH, kernelW] = window.kernel;
  const [strideH, strideW] = window.stride;
  const [padH, padW] = window.padding;
  return {
    ...launch,
    constants: {
      ...launch.constants,
      square: kernelH === 3 && kernelW === 3 ? 3 : 0,
      stride_h: strideH,
      stride_w: strideW,
    },
    uniforms: {
      ...launch.uniforms,
      in_h: inH,
      in_w: inW,
      out_h: outH,
      out_w: outW,
      kernel_h: kernelH,
      kernel_w: kernelW,
      pad_h: padH,
      pad_w: padW,
    },
  };
}

const forward = (x: TensorRef, y: TensorRef, window: Window2d, tuning: Tuning) => ({
  ...windows(y.type, x.type, y.type, window, tuning),
  reads: [x],
  writes: [y],
});

export const maxPool: Lower<"max_pool"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "max_pool",
    conditions: { argmax: false },
    ...forward(inputs[0]!, output, node.attrs, tuning),
  });

export const maxPoolArgmax: Lower<"max_pool_argmax"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "max_pool",
    conditions: { argmax: true },
    ...forward(inputs[0]!, output, node.attrs, tuning),
  });

export const avgPool: Lower<"avg_pool"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({ shader: "avg_pool", ...forward(inputs[0]!, output, node.attrs, tuning) });

export const maxPoolDx: Lower<"max_pool_dx"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "max_pool_dx",
    ...windows(output.type, output.type, inputs[0]!.type, node.attrs, tuning),
    reads: inputs,
    writes: [output],
  });

export const avgPoolDx: Lower<"avg_pool_dx"> = ({ node, inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "avg_pool_dx",
    ...windows(output.type, output.type, inputs[0]!.type, node.attrs, tuning),
    reads: inputs,
    writes: [output],
  });
