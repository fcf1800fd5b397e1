import { dims4 } from "../../../graph/types.ts";
import type { DispatchSpec, Lower, TensorRef, Tuning } from "../kernel.ts";
import { mixBlocks } from "./mix-groups.ts";

/**
 * A batch norm of as many channels of x as the result has, as a dispatch.
 *
 * @param reads x, its stats [3, channels of x] and, if given, gamma and beta [channels]
 * @param start the first of these channels, a multiple of 4
 */
export function normalised(
  reads: readonly TensorRef[],
  start: number,
  output: TensorRef,
  tuning: Tuning,
): DispatchSpec {
  const launch = mixBlocks(output, tuning);
  const [, channels] = dims4(output.type);
  const [, columns] = dims4(reads[0]!.type);
  return {
    shader: "bn_apply",
    conditions: { affine: reads.length > 2 },
    ...launch,
    uniforms: { ...launch.uniforms, channels, first: start / 4, columns },
    reads,
    writes: [output],
  };
}

export const bnApply: Lower<"bn_apply"> = ({ inputs, output, tuning, dispatch }) =>
  dispatch(normalised(inputs, 0, output, tuning));
