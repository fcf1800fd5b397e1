import { flat } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { chunks, termConditions } from "./chunks.ts";
import { each, span, storedElements } from "./launch.ts";
import { indexUniforms } from "./weighted-sum.ts";

/** Six tensors at a time: partial sums of dy * x per invocation, then their total onto the tensors' elements. */
export const weightedSumDw: Lower<"weighted_sum_dw"> = ({ node, inputs, output, tuning, scratch, dispatch }) => {
  const [dy, ...terms] = inputs as [(typeof inputs)[0], ...typeof inputs];
  const total = storedElements(dy.type);
  // About 512 partial sums: enough to keep a GPU busy, few enough for one invocation to add up.
  const launch = span(total, { ...tuning, pixels: Math.max(tuning.pixels, Math.ceil(total / 512)) });
  const [columns, rows] = launch.workgroups;
  const parts = columns * rows * tuning.workgroup;
  const indices = chunks(node.attrs.indices);
  const partial = scratch(flat([Math.min(terms.length, 6) * parts]));
  chunks(terms).forEach((some, index) => {
    dispatch({
      shader: "weighted_sum_dw_parts",
      conditions: { ...termConditions(some.length), planes: dy.type.layout === "planes" },
      ...launch,
      uniforms: { ...launch.uniforms, parts },
      reads: [dy, ...some],
      writes: [partial],
    });
    const merge = each(node.attrs.size, tuning);
    dispatch({
      shader: "weighted_sum_dw",
      conditions: { accumulate: index > 0 },
      ...merge,
      uniforms: { ...merge.uniforms, parts, terms: some.length, ...indexUniforms(indices[index]!) },
      reads: [partial],
      writes: [output],
    });
  });
};
