import type { Conv2dAttrs } from "../../../graph/types.ts";
import { quads, type TensorRef } from "../kernel.ts";
import { type Filter, tiling } from "./conv-shape.ts";
import type { ConvContext } from "./conv2d.ts";

/** Depthwise convolution (or its gradient by the input) with weights [C, 1, kh, kw]. */
export function depthwise(
  { tuning, dispatch }: ConvContext,
  attrs: Conv2dAttrs,
  filter: Filter,
  from: TensorRef,
  weights: TensorRef,
  to: TensorRef,
  backward: boolean,
): void {
  dispatch({
    shader: "depthwise",
    ...tiling(from.type, to.type, attrs, filter, backward, tuning, quads(to.type.shape[1]!)),
    reads: [from, weights],
    writes: [to],
  });
}
