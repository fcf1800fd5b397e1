import { dims4, elements, planes, type TensorType } from "../../../graph/types.ts";
import { type DispatchSpec, grid, quads, type Tuning } from "../kernel.ts";

/** The part of a dispatch that says which invocation does what; shaders declare the uniforms first and in this order. */
export type Launch = Required<Pick<DispatchSpec, "uniforms" | "constants" | "workgroups">>;

/** Vectors (planes) or numbers (flat) in a tensor's storage. */
export function storedElements(type: TensorType): number {
  if (type.layout === "flat") return elements(type);
  const [n, c, h, w] = dims4(type);
  return quads(c) * n * h * w;
}

/** Pixels in one plane: N*H*W. */
export function planePixels(type: TensorType): number {
  const [n, , h, w] = dims4(type);
  return n * h * w;
}

/** Scratch storage of `count` vectors. */
export const vectors = (count: number): TensorType => planes([1, 4, 1, count]);

/**
 * Any element of a linear space, `per` of them an invocation. Neighbours in a workgroup take neighbouring elements: that
 * is coalesced on a GPU and stays within a few cache lines on a software adapter. Uniforms: total, per.
 */
export function span(total: number, tuning: Tuning): Launch {
  const wg = tuning.workgroup;
  const per = Math.max(1, Math.min(tuning.pixels, Math.ceil(total / wg)));
  return { uniforms: { total, per }, constants: { wg }, workgroups: grid(Math.ceil(total / per / wg) * wg, wg) };
}

/** One invocation per element, for small tensors. Uniforms: total. */
export function each(total: number, tuning: Tuning): Launch {
  return { uniforms: { total }, constants: { wg: tuning.workgroup }, workgroups: grid(total, tuning.workgroup) };
}

/**
 * The pixels of each plane in blocks of `workgroup * per`, so that what belongs to a channel is loaded once per
 * invocation. Uniforms: planes, pixels, per, blocks (per plane).
 *
 * @param atMost pixels an invocation takes, unless there are fewer
 */
export function blocks(planes: number, pixels: number, tuning: Tuning, atMost = tuning.pixels): Launch {
  const wg = tuning.workgroup;
  const per = Math.max(1, Math.min(atMost, Math.ceil(pixels / wg)));
  const blocks = Math.ceil(pixels / (wg * per));
  return { uniforms: { planes, pixels, per, blocks }, constants: { wg }, workgroups: grid(planes * blocks * wg, wg) };
}

/** `blocks` over all planes of a tensor. */
export const planeBlocks = (type: TensorType, tuning: Tuning, atMost?: number): Launch =>
  blocks(quads(dims4(type)[1]), planePixels(type), tuning, atMost);

/**
 * Like `planeBlocks`, for the first stage of a reduction over each plane: about 256 partial results per plane at most, so
 * that the second stage, one invocation per plane, stays short.
 */
export function planeReduction(type: TensorType, tuning: Tuning): Launch & { readonly parts: number } {
  const launch = planeBlocks(type, tuning, Math.max(tuning.pixels, Math.ceil(planePixels(type) / 256)));
  return { ...launch, parts: (launch.uniforms.blocks as number) * tuning.workgroup };
}

/**
 * Rows of `width` neighbouring elements in segments of `per`: an invocation finds its place by two divisions (slow on
 * software adapters) once per segment. Uniforms: rows, segments (per row), per, width.
 */
export function rowSegments(rows: number, width: number, tuning: Tuning): Launch {
  const per = Math.min(tuning.pixels, width);
  const segments = Math.ceil(width / per);
  return {
    uniforms: { rows, segments, per, width },
    constants: { wg: tuning.workgroup },
    workgroups: grid(rows * segments, tuning.workgroup),
  };
}

/** `rowSegments` over the image rows of a planes tensor. */
export function imageRows(type: TensorType, tuning: Tuning): Launch {
  const [n, c, h, w] = dims4(type);
  return rowSegments(quads(c) * n * h, w, tuning);
}
