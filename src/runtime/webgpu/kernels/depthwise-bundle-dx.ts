import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { loadInputs } from "../../../graph/ops/load.ts";
import { dims4, planes } from "../../../graph/types.ts";
import type { Lower, TensorRef } from "../kernel.ts";
import { depthwisePixels } from "./depthwise-pixels.ts";
import { placed } from "./depthwise-strips.ts";
import { loadReads } from "./load-reads.ts";

/** (dy, w per branch) or (dy, x, load's inputs, w per branch) → gradient by what the load's ReLU was applied to. */
export const depthwiseBundleDx: Lower<"depthwise_dx"> = (context) => {
  const { node, inputs, output } = context;
  const { attrs } = node;
  const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
  const [source, ...rest] = inputs as [TensorRef, ...TensorRef[]];
  const weights = context.span(rest.slice(extra));
  const branches = placed(attrs.branches, weights.offsets);
  const range = depthwiseRange(attrs);
  const load = loadReads(attrs.load, rest.slice(0, extra), dims4(planes(attrs.shape))[1], range);
  const [mask] = rest.slice(0, extra);
  depthwisePixels(context, { attrs, branches, source, weights: weights.ref, result: output, byX: true, mask, load });
};
