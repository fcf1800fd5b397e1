import { convolutionFlops } from "../../../graph/flops.ts";
import type { Conv2dAttrs } from "../../../graph/types.ts";
import { grid, quads, type TensorRef } from "../kernel.ts";
import { type ConvContext, type Filter, tiling } from "./conv-shape.ts";
import { vectors } from "./launch.ts";

/** Pixels a thread of depthwise.wesl computes. */
const TILE = 8;

/** Depthwise convolution (or its gradient by the input) with weights [C, 1, kh, kw]. */
export function depthwise(
  context: ConvContext,
  attrs: Conv2dAttrs,
  filter: Filter,
  from: TensorRef,
  weights: TensorRef,
  to: TensorRef,
  backward: boolean,
): void {
  const { tuning, scratch, dispatch } = context;
  const { outputs: channels, taps } = filter;
  const packed = scratch(vectors(quads(channels) * taps));
  dispatch({
    shader: "depthwise_pack",
    constants: { wg: tuning.workgroup },
    uniforms: { channels, taps, backward: backward ? 1 : 0 },
    reads: [weights],
    writes: [packed],
    workgroups: grid(quads(channels) * taps, tuning.workgroup),
  });
  dispatch({
    shader: "depthwise",
    ...tiling(from.type, to.type, attrs, filter, backward, tuning, TILE, quads(channels)),
    reads: [from, packed],
    writes: [to],
    flops: convolutionFlops((backward ? from : to).type, filter.inputs * filter.taps),
  });
}
