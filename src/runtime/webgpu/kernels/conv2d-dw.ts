import { convolutionFlops } from "../../../graph/flops.ts";
import { type Conv2dAttrs, dims4 } from "../../../graph/types.ts";
import { type Lower, quads, type TensorRef } from "../kernel.ts";
import { type ConvContext, chunksFor, type Filter, filterOf, isDepthwise, isPointwise } from "./conv-shape.ts";
import { planePixels, vectors } from "./launch.ts";
import { sumChunks } from "./sum-chunks.ts";

/** Taps of one row that a thread of depthwise_dw.wesl takes. */
const ROW_TAPS = 5;

/** (x, dy) → gradient by w, in two stages: sums over chunks of pixels, then the chunks in order. */
export const conv2dDw: Lower<"conv2d_dw"> = (context) => {
  const [x, dy] = context.inputs;
  const filter = filterOf(context.node.attrs.shape);
  const lower = isDepthwise(context.node.attrs) ? depthwiseDw : denseDw;
  lower(context, context.node.attrs, filter, x!, dy!, context.output);
};

function denseDw(
  context: ConvContext,
  attrs: Conv2dAttrs,
  filter: Filter,
  x: TensorRef,
  dy: TensorRef,
  dw: TensorRef,
): void {
  const { tuning } = context;
  const { outputs, inputs, taps } = filter;
  const [n, , outH] = dims4(dy.type);
  const pointwise = isPointwise(attrs, filter);
  const items = pointwise ? planePixels(dy.type) : n * outH;
  const pairs = Math.ceil(quads(outputs) / 2);
  const size = quads(outputs) * quads(inputs) * 4 * taps;
  const chunks = chunksFor(items, pairs * quads(inputs) * taps, size, tuning);
  const parts = context.scratch(vectors(chunks * size));
  context.dispatch({
    shader: "conv2d_dw",
    constants: { wg: tuning.workgroup },
    conditions: { pointwise },
    uniforms: reduction(x, dy, attrs, filter, items, chunks),
    reads: [x, dy],
    writes: [parts],
    flops: convolutionFlops(dy.type, filter.inputs * filter.taps),
    workgroups: [Math.ceil(chunks / tuning.workgroup), quads(inputs), pairs * taps],
  });
  sumChunks(context, parts, dw, { rows: outputs, columns: inputs, storedColumns: quads(inputs) * 4, taps, chunks });
}

function depthwiseDw(
  context: ConvContext,
  attrs: Conv2dAttrs,
  filter: Filter,
  x: TensorRef,
  dy: TensorRef,
  dw: TensorRef,
): void {
  const { tuning } = context;
  const { outputs, taps, kernel } = filter;
  const [n, , outH] = dims4(dy.type);
  const rows = n * outH;
  const tapRows = kernel[0] * Math.ceil(kernel[1] / ROW_TAPS);
  const size = quads(outputs) * taps;
  const chunks = chunksFor(rows, quads(outputs) * tapRows, size, tuning);
  const parts = context.scratch(vectors(chunks * size));
  context.dispatch({
    shader: "depthwise_dw",
    constants: { wg: tuning.workgroup },
    conditions: { sliding: attrs.stride[1] === 1 },
    uniforms: reduction(x, dy, attrs, filter, rows, chunks),
    reads: [x, dy],
    writes: [parts],
    flops: convolutionFlops(dy.type, filter.inputs * filter.taps),
    workgroups: [Math.ceil(chunks / tuning.workgroup), quads(outputs), tapRows],
  });
  sumChunks(context, parts, dw, { rows: outputs, columns: 1, storedColumns: 1, taps, chunks });
}

/** `Reduction` of conv_shape.wesl. */
function reduction(x: TensorRef, dy: TensorRef, attrs: Conv2dAttrs, filter: Filter, items: number, chunks: number) {
  const [, inC, inH, inW] = dims4(x.type);
  const [, outC, outH, outW] = dims4(dy.type);
  return {
    in_h: inH,
    in_w: inW,
    out_h: outH,
    out_w: outW,
    items,
    chunks,
    kernel_h: filter.kernel[0],
    kernel_w: filter.kernel[1],
    stride_y: attrs.stride[0],
    stride_x: attrs.stride[1],
    pad_y: attrs.padding[0],
    pad_x: attrs.padding[1],
    dilation_y: attrs.dilation[0],
    dilation_x: attrs.dilation[1],
    in_quads: quads(inC),
    out_quads: quads(outC),
    in_plane: planePixels(x.type),
    out_plane: planePixels(dy.type),
  };
}
