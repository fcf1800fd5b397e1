import { dims4, type TensorType } from "../../../graph/types.ts";
import { quads, type Tuning } from "../kernel.ts";
import { planePixels } from "./launch.ts";

/** What variants of a kernel depend on: planes, and pixels in each, rounded up to a power of two. */
export function shapeClass(type: TensorType): string {
  const pixels = 2 ** Math.ceil(Math.log2(planePixels(type)));
  return `${quads(dims4(type)[1])}q ${pixels}px`;
}

/**
 * `tuning` with the sizes that suit a kernel that walks over pixels: those of the adapter's kind, or others that were measured
 * to be faster. On a CPU workgroups stay small, since each is a loop, and threads may be longer, as what they look up at their
 * start is dear; a GPU may want larger workgroups, or shorter threads and more of them.
 *
 * @param key the kernel and the class of its shapes
 */
export function sized(tuning: Tuning, key: string): Tuning {
  const { workgroup: own, pixels: each } = tuning;
  const candidates: readonly (readonly [number, number])[] =
    own < 64
      ? [
          [own, each],
          [own, 4 * each],
          [own, 16 * each],
        ]
      : [
          [own, each],
          [own, 1],
          [4 * own, each],
        ];
  const [workgroup, pixels] = tuning.pick(key, candidates);
  return { ...tuning, workgroup, pixels };
}

/** `tuning` with the workgroup that suits a reduction on a GPU; threads take what there is. */
export function grouped(tuning: Tuning, key: string): Tuning {
  const { workgroup: own } = tuning;
  return own < 64 ? tuning : { ...tuning, workgroup: tuning.pick(key, [own, 2 * own, 4 * own]) };
}
