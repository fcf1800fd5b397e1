import { elements } from "../../../graph/types.ts";
import type { Lower, LowerContext } from "../kernel.ts";

type VectorOp = "normalize" | "normalize_dx" | "sort_descending";

/** Vectors of architecture weights are a handful of numbers: one invocation does them. */
function single({ inputs, output, dispatch }: LowerContext<VectorOp>, shader: VectorOp): void {
  dispatch({
    shader,
    uniforms: { total: elements(output.type) },
    reads: inputs,
    writes: [output],
    workgroups: [1, 1, 1],
  });
}

export const normalize: Lower<"normalize"> = (context) => single(context, "normalize");
export const sortDescending: Lower<"sort_descending"> = (context) => single(context, "sort_descending");
export const normalizeDx: Lower<"normalize_dx"> = (context) => single(context, "normalize_dx");
