import { dims4, type TensorType } from "../../../graph/types.ts";
import { quads, type Tuning } from "../kernel.ts";
import { planePixels } from "./launch.ts";

/** What variants of a kernel depend on: planes, and pixels in each, rounded up to a power of two. */
export function shapeClass(type: TensorType): string {
  const pixels = 2 ** Math.ceil(Math.log2(planePixels(type)));
  return `${quads(dims4(type)[1])}q ${pixels}px`;
}

/**
 * `tuning` with the sizes that suit a kernel: those of the adapter's kind, or others that were measured to be faster.
 * Kernels that take another way on GPUs decide by these sizes, too.
 *
 * @param key the kernel and the class of its shapes
 */
export function sized(tuning: Tuning, key: string): Tuning {
  const { workgroup: own, pixels: each } = tuning;
  // On a CPU threads must be long and neighbours on one core; a GPU may want more of them in a group, or shorter ones.
  const others =
    own < 64 ? [[own, 4 * each] as const, [4 * own, each] as const] : [[own, 1] as const, [4 * own, each] as const];
  const [workgroup, pixels] = tuning.pick(key, [[own, each] as const, ...others]);
  return { ...tuning, workgroup, pixels };
}
