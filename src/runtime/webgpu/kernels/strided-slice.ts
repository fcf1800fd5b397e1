import { dims4, type TensorType } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { imageRows } from "./launch.ts";

interface Slice {
  readonly start: readonly [number, number];
  readonly stride: readonly [number, number];
}

/** Sizes of the whole and of the slice, as both directions need them; strides are constants: the gradient divides by them. */
function slicing(whole: TensorType, part: TensorType, { start, stride }: Slice) {
  const [, , inH, inW] = dims4(whole);
  const [, , outH, outW] = dims4(part);
  return {
    constants: { stride_h: stride[0], stride_w: stride[1] },
    uniforms: { in_h: inH, in_w: inW, out_h: outH, out_w: outW, start_h: start[0], start_w: start[1] },
  };
}

export const stridedSlice: Lower<"strided_slice"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = imageRows(output.type, tuning);
  const { constants, uniforms } = slicing(inputs[0]!.type, output.type, node.attrs);
  dispatch({
    shader: "strided_slice",
    workgroups: launch.workgroups,
    constants: { ...launch.constants, ...constants },
    uniforms: { ...launch.uniforms, ...uniforms },
    reads: inputs,
    writes: [output],
  });
};

export const stridedSliceDx: Lower<"strided_slice_dx"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = imageRows(output.type, tuning);
  const { constants, uniforms } = slicing(output.type, inputs[0]!.type, node.attrs);
  dispatch({
    shader: "strided_slice_dx",
    workgroups: launch.workgroups,
    constants: { ...launch.constants, ...constants },
    uniforms: { ...launch.uniforms, ...uniforms },
    reads: inputs,
    writes: [output],
  });
};
