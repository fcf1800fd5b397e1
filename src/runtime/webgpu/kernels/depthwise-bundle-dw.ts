import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { type DepthwiseAttrs, type DepthwiseBranch, dims4 } from "../../../graph/types.ts";
import { type Lower, quads, type Section, TABLE_ROWS, type Tuning } from "../kernel.ts";
import { planePixels, vectors } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { slotStarts } from "./sum-parts.ts";
import { type TapBlock, tapBlocks, tapsIn } from "./tap-blocks.ts";

/** Rows of the table that a block takes. */
const BLOCK_ROWS = 4;

/** One block of taps of one branch. */
interface Block {
  readonly branch: number;
  /** Taps per axis that a thread computes: 3 or 5. */
  readonly size: number;
  readonly taps: TapBlock;
}

/** Output pixels side by side in a strip: together with their taps they meet six input pixels. */
const stripWidth = (size: number): number => (size === 3 ? 4 : 2);

/** (x, load's inputs, dy) → gradients by the weights, in two stages: sums over chunks of strips, then the chunks in order. */
export const depthwiseBundleDw: Lower<"depthwise_dw"> = (context) => {
  const { node, inputs, tuning, dispatch } = context;
  const { attrs } = node;
  const [x, dy] = [inputs[0]!, inputs.at(-1)!];
  const [n, channels, inH, inW] = dims4(x.type);
  const [, outC, outH, outW] = dims4(dy.type);
  const sections = attrs.branches.map(sectionOf);
  const starts = slotStarts(sections);
  const blocks = attrs.branches.flatMap((branch, index) => blocksOf(branch, index, attrs.stride));
  const planes = blocks.reduce((sum, { branch }) => sum + quads(attrs.branches[branch]!.channels), 0);
  const cut = chunking(tuning, planes, n, [outH, outW], blocks);
  const parts = context.partials(vectors(cut.chunks * starts.at(-1)!));
  const load = loadReads(attrs.load, inputs, channels, depthwiseRange(attrs));
  const dyStarts = attrs.branches.map((_, index) =>
    sum(attrs.branches.slice(0, index).map((branch) => branch.channels)),
  );
  const unaligned = attrs.branches.some(({ start }, index) => start % 4 !== 0 || dyStarts[index]! % 4 !== 0);
  const perDispatch = TABLE_ROWS / BLOCK_ROWS;
  for (let from = 0; from < blocks.length; from += perDispatch) {
    const part = blocks.slice(from, from + perDispatch);
    const sizes = new Set(part.map(({ size }) => size));
    dispatch({
      shader: "depthwise_bundle_dw",
      constants: { wg: tuning.workgroup },
      conditions: { ...load.conditions, unaligned, three: sizes.has(3), five: sizes.has(5) },
      uniforms: {
        in_h: inH,
        in_w: inW,
        out_h: outH,
        out_w: outW,
        in_plane: planePixels(x.type),
        out_plane: planePixels(dy.type),
        in_quads: quads(channels),
        out_quads: quads(outC),
        stride_y: attrs.stride[0],
        stride_x: attrs.stride[1],
        images: n,
        chunks: cut.chunks,
        slots: starts.at(-1)!,
        segments: cut.segments,
        segment_rows: cut.segmentRows,
        ...load.uniforms,
      },
      table: part.flatMap(({ branch, size, taps: [v, h] }) => {
        const { start, channels, kernel } = attrs.branches[branch]!;
        return [
          [starts[branch]!, start, dyStarts[branch]!, quads(channels)],
          [kernel[1], kernel[0], h.first, v.first],
          [h.origin, v.origin, h.step, v.step],
          [h.every, v.every, size, 0],
        ] as const;
      }),
      reads: [x, dy, ...load.reads],
      writes: [parts],
      flops: sum(part.map((block) => blockFlops(attrs, block, planePixels(dy.type)))),
      workgroups: [
        Math.ceil(cut.chunks / tuning.workgroup),
        Math.max(...part.map(({ branch }) => quads(attrs.branches[branch]!.channels))),
        part.length,
      ],
    });
  }
  const to = context.parts(sections.map(({ rows, columns }) => rows * columns));
  context.sum({ parts, chunks: cut.chunks, sections, to });
};

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const sectionOf = ({ channels, kernel: [kh, kw] }: DepthwiseBranch): Section => ({ rows: channels, columns: kh * kw });

function blocksOf(window: DepthwiseBranch, branch: number, stride: DepthwiseAttrs["stride"]): Block[] {
  const { kernel, padding, dilation } = window;
  const longest = Math.max(...kernel);
  const size = longest <= 3 ? 3 : 5;
  return tapBlocks({ kernel, stride, padding, dilation }, size).map((taps) => ({ branch, size, taps }));
}

function blockFlops({ branches }: DepthwiseAttrs, { branch, size, taps: [v, h] }: Block, pixels: number): number {
  const { channels, kernel } = branches[branch]!;
  return 2 * pixels * channels * tapsIn(v, kernel[0], size) * tapsIn(h, kernel[1], size);
}

/**
 * How strips are shared out: enough threads to fill the adapter, few enough chunks that adding them stays cheap.
 *
 * @param planes quads of all blocks: every chunk has a thread for each
 */
function chunking(
  { workgroup }: Tuning,
  planes: number,
  images: number,
  [height, width]: readonly [number, number],
  blocks: readonly Block[],
) {
  const software = workgroup < 64;
  const strips = (segments: number) =>
    Math.max(
      ...blocks.map(
        ({ size, taps: [v, h] }) =>
          images * segments * v.step * h.step * Math.ceil(Math.ceil(width / h.step) / stripWidth(size)),
      ),
    );
  const rows = Math.max(...blocks.map(({ taps: [v] }) => Math.ceil(height / v.step)));
  const wanted = software ? 512 : 16_384;
  // Segments overlap by the rows of a kernel: shorter ones would mostly reload what their neighbours load.
  const most = Math.max(1, Math.floor(rows / 8));
  const segmentRows = Math.ceil(rows / Math.min(most, Math.ceil(wanted / (planes * strips(1)))));
  const segments = Math.ceil(rows / segmentRows);
  const items = strips(segments);
  const threads = software ? 2048 : 65_536;
  const per = Math.ceil(items / Math.max(workgroup, Math.min(software ? 128 : 1024, Math.ceil(threads / planes))));
  return { segments, segmentRows, chunks: Math.ceil(items / per) };
}
