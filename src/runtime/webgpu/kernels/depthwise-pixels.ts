import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { type DepthwiseAttrs, dims4, type OpName } from "../../../graph/types.ts";
import { grid, type LowerContext, quads, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { type BundleBranch, branchFlops, inQuads } from "./depthwise-strips.ts";
import { planePixels } from "./launch.ts";
import type { loadReads } from "./load-reads.ts";

/** Pixels of a thread of depthwise_bundle_pixels.wesl. */
const PIXELS = 4;

/** Rows of the table that a branch takes. */
const TERM_ROWS = 2;

/** A bundle, or its gradient by what its load made of x. */
export interface DepthwisePixels {
  readonly attrs: DepthwiseAttrs;
  readonly branches: readonly BundleBranch[];
  readonly source: TensorRef;
  readonly weights: TensorRef;
  readonly result: TensorRef;
  /** Whether the source is the gradient by the branches' results. */
  readonly byX: boolean;
  /** x, whose ReLU masks the result. */
  readonly mask?: TensorRef;
  readonly load: ReturnType<typeof loadReads>;
}

/** Computes a bundle pixel by pixel: any windows and channels, neighbouring threads with neighbouring pixels. */
export function depthwisePixels(
  { tuning, dispatch }: Pick<LowerContext<OpName>, "tuning" | "dispatch">,
  { attrs, branches, source, weights, result, byX, mask, load }: DepthwisePixels,
): void {
  const [, sourceC, sourceH, sourceW] = dims4(source.type);
  const [, resultC, resultH, resultW] = dims4(result.type);
  const { start, end } = depthwiseRange(attrs);
  const first = byX ? start : 0;
  const [columns, rows] = grid(Math.ceil(planePixels(result.type) / PIXELS), tuning.workgroup);
  const perDispatch = Math.floor(TABLE_ROWS / TERM_ROWS);
  for (let from = 0; from < branches.length; from += perDispatch) {
    const part = branches.slice(from, from + perDispatch);
    dispatch({
      shader: "depthwise_bundle_pixels",
      conditions: {
        ...load.conditions,
        by_x: byX,
        mask: mask !== undefined,
        unaligned: !inQuads(branches),
      },
      constants: { wg: tuning.workgroup },
      uniforms: {
        source_h: sourceH,
        source_w: sourceW,
        result_h: resultH,
        result_w: resultW,
        source_plane: planePixels(source.type),
        result_plane: planePixels(result.type),
        source_quads: quads(sourceC),
        stride_y: attrs.stride[0],
        stride_x: attrs.stride[1],
        terms: part.length,
        accumulate: from > 0 ? 1 : 0,
        unfinished: from + perDispatch < branches.length ? 1 : 0,
        ...load.uniforms,
        range_count: end - start,
      },
      table: part.flatMap(({ start, result, channels, weight, kernel, padding, dilation }) => {
        const [here, there] = byX ? [result, start - first] : [start, result];
        return [
          [here, there, channels, weight],
          [kernel[0] + 2 ** 16 * kernel[1], dilation[0] + 2 ** 16 * dilation[1], ...padding],
        ] as const;
      }),
      reads: [source, weights, ...load.reads, ...(mask ? [mask] : [])],
      writes: [result],
      flops: branchFlops(part, planePixels((byX ? source : result).type)),
      workgroups: [columns, rows, quads(resultC)],
    });
  }
}
