import { convolutionFlops } from "../../../graph/flops.ts";
import { type DenseAttrs, dims4 } from "../../../graph/types.ts";
import { type DispatchSpec, quads, TABLE_ROWS, type TensorRef, type Tuning } from "../kernel.ts";
import type { ConvContext, Filter, Weights } from "./conv-shape.ts";
import { type PixelClass, pixelClasses, type SourceBlock } from "./dense-blocks.ts";
import { planePixels } from "./launch.ts";
import { axisBlocks, tapsIn } from "./tap-blocks.ts";

type Row = NonNullable<DispatchSpec["table"]>[number];

/** Most taps per axis of a block. */
const SIZE = 3;

/** A block of both axes, [vertical, horizontal]. */
type Block = readonly [SourceBlock, SourceBlock];

/** Pixels of both axes and the blocks of taps that give to them. */
interface Class {
  readonly rows: PixelClass;
  readonly columns: PixelClass;
  readonly blocks: readonly Block[];
}

/** What conv2d_strips.wesl computes, cut into what one table holds; undefined where a class has more blocks than that. */
export interface StripsPlan {
  readonly size: readonly [number, number];
  readonly tables: readonly (readonly Class[])[];
}

/** @param reserved rows of each table that are for something else */
export function planStrips(
  attrs: DenseAttrs,
  { kernel }: Filter,
  backward: boolean,
  reserved: number,
): StripsPlan | undefined {
  const size = ([0, 1] as const).map((axis) => {
    const [stride, padding, dilation] = [attrs.stride[axis], attrs.padding[axis], attrs.dilation[axis]];
    const blocks = axisBlocks({ kernel: kernel[axis], stride, padding, dilation }, SIZE);
    return Math.max(...blocks.map((block) => tapsIn(block, kernel[axis], SIZE)));
  }) as [number, number];
  const [rows, columns] = ([0, 1] as const).map((axis) => pixelClasses(attrs, kernel, axis, size[axis], backward)) as [
    PixelClass[],
    PixelClass[],
  ];
  const tables: Class[][] = [];
  const most = TABLE_ROWS - reserved;
  let used = most;
  for (const v of rows) {
    for (const h of columns) {
      const found = v.blocks.flatMap((y) => h.blocks.map((x): Block => [y, x]));
      const blocks = found.length > 0 ? found : [[nothing(kernel[0]), nothing(kernel[1])] as const];
      const needed = 2 + 2 * blocks.length;
      if (needed > most) return undefined;
      if (used + needed > most) {
        tables.push([]);
        used = 0;
      }
      tables.at(-1)!.push({ rows: v, columns: h, blocks });
      used += needed;
    }
  }
  return { size, tables };
}

/** A block without taps, far outside of the source: its result is zero. */
const nothing = (kernel: number): SourceBlock => ({ origin: -(2 ** 24), advance: 1, first: kernel, every: 1 });

/** A dense convolution, or its gradient by the input, without packing weights first. */
export function lowerStrips(
  { tuning, dispatch }: ConvContext,
  { size, tables }: StripsPlan,
  filter: Filter,
  from: TensorRef,
  { ref: weights, parts }: Weights,
  to: TensorRef,
  backward: boolean,
): void {
  const { outputs, inputs, kernel, taps } = filter;
  const [images, , inH, inW] = dims4(from.type);
  const [, channels, outH, outW] = dims4(to.type);
  const flops = convolutionFlops((backward ? from : to).type, inputs * taps);
  const classes = tables.flat().length;
  for (const part of tables) {
    const table = tableOf(part);
    const launch = launchStrips(tuning, part, images, [outH, outW], quads(channels) * classes);
    dispatch({
      shader: "conv2d_strips",
      constants: { wg: tuning.workgroup, rows: size[0], columns: size[1] },
      uniforms: {
        in_h: inH,
        in_w: inW,
        out_h: outH,
        out_w: outW,
        in_plane: planePixels(from.type),
        out_plane: planePixels(to.type),
        images,
        per: launch.per,
        segments: launch.segments,
        segment_rows: launch.segmentRows,
        sources: backward ? outputs : inputs,
        results: backward ? inputs : outputs,
        source_step: backward ? inputs * taps : taps,
        result_step: backward ? taps : inputs * taps,
        kernel_w: kernel[1],
        kernel_h: kernel[0],
        weights: 12 * size[0],
        parts: table.length,
        parts_end: table.length + parts.length,
        by_source: backward ? 1 : 0,
      },
      table: [...table, ...parts],
      reads: [from, weights],
      writes: [to],
      flops: (flops * part.length) / classes,
      workgroups: [launch.groups, quads(channels), part.length],
    });
  }
}

function tableOf(classes: readonly Class[]): Row[] {
  const blockRows: Row[] = [];
  const classRows = classes.flatMap(({ rows, columns, blocks }): Row[] => {
    const first = 2 * classes.length + blockRows.length;
    for (const [v, h] of blocks) {
      blockRows.push([h.origin, v.origin, h.advance, v.advance], [h.first, v.first, h.every, v.every]);
    }
    return [
      [columns.start, rows.start, columns.step, rows.step],
      [first, blocks.length, 0, 0],
    ];
  });
  return [...classRows, ...blockRows];
}

/** Most strips of a thread: they pay for loading its weights. */
const MOST_STRIPS = 16;

/**
 * How strips are shared out: as many to a thread as leaves enough threads, and pieces of them where even single ones do not.
 *
 * @param sides threads side by side that have the same strips
 */
function launchStrips(
  { workgroup }: Tuning,
  classes: readonly Class[],
  images: number,
  [height, width]: readonly [number, number],
  sides: number,
) {
  const software = workgroup < 64;
  const wanted = software ? 512 : 16_384;
  const across = Math.max(...classes.map(({ columns: { step } }) => Math.ceil(Math.ceil(width / step) / 2)));
  const rows = Math.max(...classes.map(({ rows: { step } }) => Math.ceil(height / step)));
  // Pieces overlap by the rows of a kernel.
  const pieces = Math.min(Math.max(1, Math.floor(rows / 8)), Math.ceil(wanted / (across * images * sides)));
  const segmentRows = Math.ceil(rows / pieces);
  const segments = Math.ceil(rows / segmentRows);
  const strips = across * segments * images;
  const per = Math.max(1, Math.min(MOST_STRIPS, Math.floor((strips * sides) / wanted), Math.ceil(strips / workgroup)));
  return { segments, segmentRows, per, groups: Math.ceil(strips / (workgroup * per)) };
}
