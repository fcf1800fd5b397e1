import { dims4 } from "../../../graph/types.ts";
import { quads, type TensorRef, type Tuning } from "../kernel.ts";
import { planePixels } from "./launch.ts";
import { fittingChunks } from "./sum-parts.ts";
import { type TapBlock, tapsIn } from "./tap-blocks.ts";

/** Rows of the table of strip_load.wesl that a block takes. */
export const BLOCK_ROWS = 4;

/** Taps whose gradients a thread sums. */
export interface WeightBlock {
  readonly taps: TapBlock;
  /** Taps per axis that a thread computes; the block may have fewer. */
  readonly size: number;
  /** Output pixels side by side in a strip. */
  readonly width: number;
}

/** How strips are shared out, as strip_load.wesl describes them. */
interface StripChunks {
  readonly chunks: number;
  readonly segments: number;
  readonly segmentRows: number;
}

/**
 * Enough threads to fill the adapter, few enough chunks that adding them stays cheap.
 *
 * @param sums threads of a chunk: each forms sums of its own
 * @param slots vectors that a chunk writes
 * @param dy gradient by the result
 */
export function chunkStrips(
  { workgroup }: Tuning,
  sums: number,
  slots: number,
  dy: TensorRef,
  blocks: readonly WeightBlock[],
): StripChunks {
  const software = workgroup < 64;
  const [images, , height, width] = dims4(dy.type);
  const strips = (segments: number) =>
    Math.max(
      ...blocks.map(
        ({ width: pixels, taps: [v, h] }) =>
          images * segments * v.step * h.step * Math.ceil(Math.ceil(width / h.step) / pixels),
      ),
    );
  const rows = Math.max(...blocks.map(({ taps: [v] }) => Math.ceil(height / v.step)));
  const wanted = software ? 512 : 16_384;
  // Segments overlap by the rows of a kernel: shorter ones would mostly load again what their neighbours load.
  const most = Math.max(1, Math.floor(rows / 8));
  const segmentRows = Math.ceil(rows / Math.min(most, Math.ceil(wanted / (sums * strips(1)))));
  const segments = Math.ceil(rows / segmentRows);
  const threads = software ? 2048 : 65_536;
  const enough = Math.max(workgroup, Math.min(software ? 128 : 1024, Math.ceil(threads / sums)));
  const chunks = Math.min(enough, fittingChunks(slots));
  const items = strips(segments);
  return { segments, segmentRows, chunks: Math.ceil(items / Math.ceil(items / chunks)) };
}

/** `Params` of strip_load.wesl up to what belongs to a batch norm. */
export function stripUniforms(
  x: TensorRef,
  dy: TensorRef,
  stride: readonly [number, number],
  { chunks, segments, segmentRows }: StripChunks,
  slots: number,
) {
  const [images, channels, inH, inW] = dims4(x.type);
  const [, outC, outH, outW] = dims4(dy.type);
  return {
    in_h: inH,
    in_w: inW,
    out_h: outH,
    out_w: outW,
    in_plane: planePixels(x.type),
    out_plane: planePixels(dy.type),
    in_quads: quads(channels),
    out_quads: quads(outC),
    stride_y: stride[0],
    stride_x: stride[1],
    images,
    chunks,
    slots,
    segments,
    segment_rows: segmentRows,
    lanes: 4,
  };
}

/**
 * A block's rows of the table.
 *
 * @param place first slot, first channel in x and in dy, and how many quads (depthwise) or inputs (dense) there are
 */
export function blockRows(
  place: readonly [number, number, number, number],
  kernel: readonly [number, number],
  { taps: [v, h], size, width }: WeightBlock,
): (readonly [number, number, number, number])[] {
  return [
    place,
    [kernel[1], kernel[0], h.first, v.first],
    [h.origin, v.origin, h.step, v.step],
    [h.every, v.every, size, width],
  ];
}

/** Taps of a kernel that a block has. */
export const blockTaps = ({ taps: [v, h], size }: WeightBlock, kernel: readonly [number, number]): number =>
  tapsIn(v, kernel[0], size) * tapsIn(h, kernel[1], size);
