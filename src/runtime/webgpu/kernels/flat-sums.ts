import { elements, flat } from "../../../graph/types.ts";
import { f32, grid, type Lower, type LowerContext } from "../kernel.ts";
import { span } from "./launch.ts";

/** Up to this many numbers one invocation adds up; more are first added by `STRIDES` invocations. */
const SHORT = 1024;
const STRIDES = 256;

/** `factor` times the sum of all (absolute) values of a flat tensor. */
function total(context: LowerContext<"mean" | "abs_sum">, factor: number, absolute: boolean): void {
  const { inputs, output, tuning, scratch, dispatch } = context;
  const x = inputs[0]!;
  const count = elements(x.type);
  const long = count > SHORT;
  const partial = long ? scratch(flat([STRIDES])) : output;
  const constants = { wg: tuning.workgroup };
  dispatch({
    shader: "strided_sums",
    constants,
    conditions: { absolute },
    uniforms: { strides: long ? STRIDES : 1, count, factor: f32(long ? 1 : factor) },
    reads: [x],
    writes: [partial],
    workgroups: grid(long ? STRIDES : 1, tuning.workgroup),
  });
  if (!long) return;
  dispatch({
    shader: "strided_sums",
    constants,
    conditions: { absolute: false },
    uniforms: { strides: 1, count: STRIDES, factor: f32(factor) },
    reads: [partial],
    writes: [output],
    workgroups: [1, 1, 1],
  });
}

export const mean: Lower<"mean"> = (context) => total(context, 1 / elements(context.inputs[0]!.type), false);

export const absSum: Lower<"abs_sum"> = (context) => total(context, 1, true);

export const absSumDx: Lower<"abs_sum_dx"> = ({ inputs, output, tuning, dispatch }) =>
  dispatch({
    shader: "abs_sum_dx",
    ...span(elements(output.type), tuning),
    reads: inputs,
    writes: [output],
  });

export const expand: Lower<"expand"> = ({ node, inputs, output, tuning, dispatch }) => {
  const launch = span(elements(output.type), tuning);
  dispatch({
    shader: "expand",
    ...launch,
    uniforms: { ...launch.uniforms, factor: f32(node.attrs.factor) },
    reads: inputs,
    writes: [output],
  });
};
