import { elements } from "../../../graph/types.ts";
import type { DispatchSpec, Lower, LowerContext } from "../kernel.ts";
import { each } from "./launch.ts";

type Slice = "row" | "flat_slice";

/** As many elements as the result has, from `start` on. */
function slice({ inputs, output, tuning }: LowerContext<Slice>, start: number): DispatchSpec {
  const launch = each(elements(output.type), tuning);
  return { shader: "row", ...launch, uniforms: { ...launch.uniforms, start }, reads: inputs, writes: [output] };
}

export const row: Lower<"row"> = (context) =>
  context.dispatch(slice(context, context.node.attrs.index * elements(context.output.type)));

export const flatSlice: Lower<"flat_slice"> = (context) => context.dispatch(slice(context, context.node.attrs.start));

export const columns: Lower<"columns"> = ({ node, inputs, output, tuning, dispatch }) => {
  const { start, count } = node.attrs;
  const launch = each(elements(output.type), tuning);
  dispatch({
    shader: "columns",
    ...launch,
    uniforms: { ...launch.uniforms, start, count, width: inputs[0]!.type.shape[1]! },
    reads: inputs,
    writes: [output],
  });
};
