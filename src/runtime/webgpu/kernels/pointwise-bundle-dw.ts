import { pointwiseRange } from "../../../graph/ops/pointwise-conv.ts";
import { dims4, type PointwiseAttrs, type PointwiseBranch, type TensorType } from "../../../graph/types.ts";
import { type Lower, quads, TABLE_ROWS, type TensorRef, type Tuning } from "../kernel.ts";
import { planePixels, vectors } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { fittingChunks, type SumContext, slotStarts } from "./sum-parts.ts";
import { shapeClass } from "./tuned.ts";

/** Rows of the table that a branch takes. */
const BRANCH_ROWS = 2;

/** Quads of inputs and of outputs whose products a thread keeps in registers. */
interface Block {
  readonly ins: number;
  readonly outs: number;
}

/** (x, load's inputs, dy) → gradients by the weights. */
export const pointwiseBundleDw: Lower<"pointwise_dw"> = (context) =>
  lowerPointwiseDw(context, context.node.attrs, context.inputs);

/**
 * Gradients by 1x1 weights, in two stages: sums over chunks of pixels, then the chunks in order.
 *
 * @param inputs x, the load's inputs, dy
 */
export function lowerPointwiseDw(context: SumContext, attrs: PointwiseAttrs, inputs: readonly TensorRef[]): void {
  const { tuning, dispatch } = context;
  const { branches, stride, load } = attrs;
  const [x, dy] = [inputs[0]!, inputs.at(-1)!];
  const sections = branches.map(({ inputs, outputs }) => ({ rows: outputs, columns: inputs }));
  const starts = slotStarts(sections);
  const slots = starts.at(-1)!;
  const block = blockOf(branches, dy.type, tuning);
  const blocks = branches.map((branch) => blocksOf(branch, block));
  const pixels = planePixels(dy.type);
  const { groups, lanes } = shares(tuning, pixels, sum(blocks), slots);
  const chunks = groups * lanes;
  const parts = context.partials(vectors(chunks * slots));
  const reads = loadReads(load, inputs, dims4(x.type)[1], pointwiseRange(attrs));
  const dyStarts = branches.map((_, index) => sum(branches.slice(0, index).map(({ outputs }) => outputs)));
  const gridded = isGridded(x.type, dy.type, attrs);
  const unaligned = branches.some(({ start }, index) => start % 4 !== 0 || dyStarts[index]! % 4 !== 0);
  const perDispatch = TABLE_ROWS / BRANCH_ROWS;
  for (let from = 0; from < branches.length; from += perDispatch) {
    const part = branches.slice(from, from + perDispatch);
    dispatch({
      shader: "pointwise_bundle_dw",
      constants: { wg: tuning.workgroup, ...block },
      conditions: { ...reads.conditions, gridded, unaligned },
      uniforms: {
        in_plane: planePixels(x.type),
        out_plane: pixels,
        in_quads: quads(dims4(x.type)[1]),
        out_quads: quads(dims4(dy.type)[1]),
        per: Math.ceil(pixels / chunks),
        lanes,
        branches: part.length,
        slots,
        ...gridUniforms(x.type, dy.type, stride, lanes),
        norms: 4 * block.ins,
        ...reads.uniforms,
      },
      table: part.flatMap(({ start, inputs, outputs, offset }, index) => [
        [start, dyStarts[from + index]!, inputs, outputs] as const,
        [starts[from + index]!, offset[0] * x.type.shape[3]! + offset[1], 0, 0] as const,
      ]),
      reads: [x, dy, ...reads.reads],
      writes: [parts],
      flops: 2 * pixels * sum(part.map(({ inputs, outputs }) => inputs * outputs)),
      workgroups: [
        groups,
        Math.max(...part.map(({ inputs }) => Math.ceil(quads(inputs) / block.ins))),
        part.length * Math.max(...part.map(({ outputs }) => Math.ceil(quads(outputs) / block.outs))),
      ],
    });
  }
  const to = context.parts(sections.map(({ rows, columns }) => rows * columns));
  context.sum({ parts, chunks, sections, to });
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/**
 * Blocks of two by two quads, or what branches fill of them. Twice the outputs take fewer loads, and twice as long to compile.
 */
function blockOf(branches: readonly PointwiseBranch[], dy: TensorType, tuning: Tuning): Block {
  const outs = Math.max(...branches.map(({ outputs }) => quads(outputs)));
  return {
    ins: Math.min(2, Math.max(...branches.map(({ inputs }) => quads(inputs)))),
    outs: outs > 2 ? tuning.pick(`pointwise_dw ${shapeClass(dy)}`, [2, 4]) : outs,
  };
}

const blocksOf = ({ inputs, outputs }: PointwiseBranch, { ins, outs }: Block): number =>
  Math.ceil(quads(inputs) / ins) * Math.ceil(quads(outputs) / outs);

/**
 * How many workgroups share the pixels, and how many of their threads: enough to fill the adapter, few enough that adding
 * their sums stays cheap.
 *
 * @param blocks side by side
 * @param slots vectors that a chunk writes
 */
function shares({ workgroup }: Tuning, pixels: number, blocks: number, slots: number) {
  const software = workgroup < 64;
  const wanted = Math.ceil((software ? 256 : 1024) / blocks);
  const worthwhile = Math.max(Math.min(workgroup, pixels), Math.ceil(pixels / (software ? 16 : 4)));
  const chunks = Math.min(worthwhile, fittingChunks(slots));
  return {
    groups: Math.max(1, Math.min(16, wanted, Math.floor(chunks / workgroup))),
    lanes: Math.min(workgroup, chunks),
  };
}

/** Whether a pixel of the result has another place in x than in the result. */
const isGridded = (x: TensorType, dy: TensorType, { branches }: PointwiseAttrs): boolean =>
  x.shape[2] !== dy.shape[2] ||
  x.shape[3] !== dy.shape[3] ||
  branches.some(({ offset }) => offset[0] !== 0 || offset[1] !== 0);

/**
 * Where pixels lie in x, as pointwise_bundle_dw.wesl wants it.
 *
 * @param step pixels from one of a thread to its next
 */
function gridUniforms(x: TensorType, dy: TensorType, stride: PointwiseAttrs["stride"], step: number) {
  const [, , inH, inW] = dims4(x);
  const [, , outH, outW] = dims4(dy);
  const rows = Math.floor(step / outW);
  return {
    in_h: inH,
    in_w: inW,
    out_h: outH,
    out_w: outW,
    stride_y: stride[0],
    stride_x: stride[1],
    step_n: Math.floor(rows / outH),
    step_y: rows % outH,
    step_x: step % outW,
  };
}
