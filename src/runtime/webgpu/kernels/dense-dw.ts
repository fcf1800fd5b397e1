import { type DenseAttrs, dims4 } from "../../../graph/types.ts";
import { quads, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import type { Filter } from "./conv-shape.ts";
import { planePixels, vectors } from "./launch.ts";
import { type SumContext, slotStarts } from "./sum-parts.ts";
import { tapBlocks, tapsIn } from "./tap-blocks.ts";
import { grouped, shapeClass } from "./tuned.ts";
import { BLOCK_ROWS, blockRows, blockTaps, chunkStrips, stripUniforms } from "./weight-strips.ts";

/** Taps per axis whose sums a thread keeps, and output pixels side by side in its strips. */
const SIZE = 3;
const WIDTH = 2;

/**
 * Gradient by the weight of a dense convolution, in two stages: sums over chunks of strips, then the chunks in order.
 *
 * @param weights outputs of each weight, if there are several
 */
export function lowerDenseDw(
  context: SumContext,
  { stride, padding, dilation }: DenseAttrs,
  { outputs, inputs, kernel, taps }: Filter,
  x: TensorRef,
  dy: TensorRef,
  weights: readonly number[] = [outputs],
): void {
  const { dispatch } = context;
  const key = `dense_dw ${kernel.join("x")} ${quads(inputs)}q by ${shapeClass(dy.type)}`;
  const tuning = grouped(context.tuning, key);
  const columns = inputs * taps;
  // Sums are by quads of outputs: where one belongs to two weights, these are taken apart later.
  const rows = weights.slice(0, -1).every((own) => own % 4 === 0) ? weights : [outputs];
  const sections = rows.map((own) => ({ rows: own, columns }));
  const slots = slotStarts(sections).at(-1)!;
  const blocks = tapBlocks({ kernel, stride, padding, dilation }, SIZE).map((block) => ({
    taps: block,
    size: SIZE,
    width: WIDTH,
  }));
  const most = (axis: 0 | 1) => Math.max(...blocks.map(({ taps }) => tapsIn(taps[axis], kernel[axis], SIZE)));
  const cut = chunkStrips(tuning, blocks.length * quads(inputs) * quads(outputs), slots, dy, blocks);
  const parts = context.partials(vectors(cut.chunks * slots));
  const perDispatch = TABLE_ROWS / BLOCK_ROWS;
  for (let from = 0; from < blocks.length; from += perDispatch) {
    const part = blocks.slice(from, from + perDispatch);
    const covered = part.reduce((sum, block) => sum + blockTaps(block, kernel), 0);
    dispatch({
      shader: "dense_dw",
      constants: { wg: tuning.workgroup, rows: most(0), columns: most(1) },
      conditions: { relu: false, norm: false, unaligned: false },
      uniforms: {
        ...stripUniforms(x, dy, stride, cut, slots),
        channels: dims4(x.type)[1],
        range_start: 0,
        affine: 0,
      },
      table: part.flatMap((block) => blockRows([0, 0, 0, inputs], kernel, block)),
      reads: [x, dy],
      writes: [parts],
      flops: 2 * planePixels(dy.type) * inputs * outputs * covered,
      workgroups: [Math.ceil(cut.chunks / tuning.workgroup), quads(outputs), quads(inputs) * part.length],
    });
  }
  const to = context.parts(rows.map((own) => own * columns));
  context.sum({ parts, chunks: cut.chunks, sections, to });
}
