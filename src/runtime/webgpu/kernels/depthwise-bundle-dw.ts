import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { type DepthwiseAttrs, type DepthwiseBranch, dims4 } from "../../../graph/types.ts";
import { type Lower, quads, type Section, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { planePixels, vectors } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { type SumContext, slotStarts } from "./sum-parts.ts";
import { type TapBlock, tapBlocks, tapsIn } from "./tap-blocks.ts";
import { grouped, shapeClass } from "./tuned.ts";
import { BLOCK_ROWS, blockRows, blockTaps, chunkStrips, stripUniforms, type WeightBlock } from "./weight-strips.ts";

/** One block of taps of one branch. */
interface BranchBlock extends WeightBlock {
  readonly branch: number;
}

/** (x, load's inputs, dy) → gradients by the weights. */
export const depthwiseBundleDw: Lower<"depthwise_dw"> = (context) =>
  lowerDepthwiseDw(context, context.node.attrs, context.inputs);

/**
 * Gradients by depthwise weights, in two stages: sums over chunks of strips, then the chunks in order.
 *
 * @param inputs x, the load's inputs, dy
 */
export function lowerDepthwiseDw(context: SumContext, attrs: DepthwiseAttrs, inputs: readonly TensorRef[]): void {
  const { dispatch } = context;
  const { branches, stride } = attrs;
  const [x, dy] = [inputs[0]!, inputs.at(-1)!];
  const tuning = grouped(context.tuning, `depthwise_dw ${branches.length} stride ${stride} ${shapeClass(dy.type)}`);
  const sections = branches.map(sectionOf);
  const starts = slotStarts(sections);
  const blocks = branches.flatMap((branch, index) => blocksOf(branch, index, stride));
  const planes = sum(blocks.map(({ branch }) => quads(branches[branch]!.channels)));
  const cut = chunkStrips(tuning, planes, starts.at(-1)!, dy, blocks);
  const parts = context.partials(vectors(cut.chunks * starts.at(-1)!));
  const load = loadReads(attrs.load, inputs, dims4(x.type)[1], depthwiseRange(attrs));
  const dyStarts = branches.map((_, index) => sum(branches.slice(0, index).map(({ channels }) => channels)));
  const unaligned = branches.some(({ start }, index) => start % 4 !== 0 || dyStarts[index]! % 4 !== 0);
  const perDispatch = TABLE_ROWS / BLOCK_ROWS;
  for (let from = 0; from < blocks.length; from += perDispatch) {
    const part = blocks.slice(from, from + perDispatch);
    const sizes = new Set(part.map(({ size }) => size));
    dispatch({
      shader: "depthwise_bundle_dw",
      constants: { wg: tuning.workgroup },
      conditions: { ...load.conditions, unaligned, three: sizes.has(3), five: sizes.has(5) },
      uniforms: { ...stripUniforms(x, dy, stride, cut, starts.at(-1)!), ...load.uniforms },
      table: part.flatMap((block) => {
        const { start, channels, kernel } = branches[block.branch]!;
        return blockRows([starts[block.branch]!, start, dyStarts[block.branch]!, quads(channels)], kernel, block);
      }),
      reads: [x, dy, ...load.reads],
      writes: [parts],
      flops: sum(part.map((block) => blockFlops(branches[block.branch]!, block, planePixels(dy.type)))),
      workgroups: [
        Math.ceil(cut.chunks / tuning.workgroup),
        Math.max(...part.map(({ branch }) => quads(branches[branch]!.channels))),
        part.length,
      ],
    });
  }
  const to = context.parts(sections.map(({ rows, columns }) => rows * columns));
  context.sum({ parts, chunks: cut.chunks, sections, to });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const sectionOf = ({ channels, kernel: [kh, kw] }: DepthwiseBranch): Section => ({ rows: channels, columns: kh * kw });

/** The smaller blocks where all taps that share pixels fit; strips are as wide as meets six input pixels. */
function blocksOf(
  { kernel, padding, dilation }: DepthwiseBranch,
  branch: number,
  stride: DepthwiseAttrs["stride"],
): BranchBlock[] {
  const window = { kernel, stride, padding, dilation };
  const fits = ([v, h]: TapBlock) => tapsIn(v, kernel[0], 5) <= 3 && tapsIn(h, kernel[1], 5) <= 3;
  const [size, width] = tapBlocks(window, 5).every(fits) ? [3, 4] : [5, 2];
  return tapBlocks(window, size).map((taps) => ({ branch, size, width, taps }));
}

const blockFlops = ({ channels, kernel }: DepthwiseBranch, block: WeightBlock, pixels: number): number =>
  2 * pixels * channels * blockTaps(block, kernel);
