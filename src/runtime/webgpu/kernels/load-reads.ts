import { loadInputs, type ReadRange } from "../../../graph/ops/load.ts";
import type { Load } from "../../../graph/types.ts";
import type { TensorRef } from "../kernel.ts";

/**
 * What a bundle's load takes besides x, in the form of depthwise_dw_load.wesl and its like: conditions `relu` and `norm`,
 * uniforms, and with a batch norm the bindings stats, gamma, beta (stats stand in for those it lacks).
 *
 * @param inputs x, then the load's inputs
 * @param channels of x
 */
export function loadReads(load: Load, inputs: readonly TensorRef[], channels: number, range: ReadRange) {
  const [stats, gamma = stats, beta = stats] = inputs.slice(1, 1 + loadInputs(load));
  return {
    conditions: { relu: load.relu, norm: load.norm !== undefined },
    uniforms: { channels, range_start: range.start, affine: load.norm?.affine ? 1 : 0 },
    reads: load.norm ? [stats!, gamma!, beta!] : [],
  };
}
