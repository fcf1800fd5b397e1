import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { loadInputs } from "../../../graph/ops/load.ts";
import { type DepthwiseAttrs, dims4 } from "../../../graph/types.ts";
import { type Lower, type LowerContext, quads, TABLE_ROWS, type TensorRef } from "../kernel.ts";
import { depthwisePixels } from "./depthwise-pixels.ts";
import {
  type BundleBranch,
  branchFlops,
  bytes,
  imageStep,
  inQuads,
  placed,
  type Strips,
  stripsOf,
  stripWays,
} from "./depthwise-strips.ts";
import { planePixels } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { shapeClass } from "./tuned.ts";

/** Rows of the table that a branch takes. */
const BRANCH_ROWS = 2;

/** Kinds of branches in depthwise_bundle.wesl. */
const KIND = { slides3: 0, slides5: 1, skips3: 2, skips5: 3 } as const;
type Kind = keyof typeof KIND;

const kindOf = ({ slides, window }: Strips): Kind => `${slides ? "slides" : "skips"}${window}`;

interface StripBranch extends BundleBranch {
  readonly strips: Strips;
}

/** (x, load's inputs, w per branch) → the branches' results along the channels. */
export const depthwiseBundle: Lower<"depthwise"> = (context) => {
  const { node, inputs, output, tuning } = context;
  const { attrs } = node;
  const weights = context.span(inputs.slice(1 + loadInputs(attrs.load)));
  const branches = placed(attrs.branches, weights.offsets);
  const strips = asStrips(branches, attrs);
  const key = `depthwise ${branches.length} stride ${attrs.stride} ${shapeClass(output.type)}`;
  const way = strips ? tuning.pick(key, stripWays(tuning)) : "pixels";
  if (strips && way !== "pixels") {
    lowerStrips(context, weights.ref, strips, way);
    return;
  }
  const [source] = inputs as [TensorRef];
  const load = loadReads(attrs.load, inputs, dims4(source.type)[1], depthwiseRange(attrs));
  depthwisePixels(context, { attrs, branches, source, weights: weights.ref, result: output, byX: false, load });
};

/** Undefined where a branch is not for strips. */
function asStrips(branches: readonly BundleBranch[], { stride }: DepthwiseAttrs): StripBranch[] | undefined {
  if (!inQuads(branches)) return undefined;
  const found = branches.flatMap((branch) => {
    const strips = stripsOf(branch, stride);
    return strips ? [{ ...branch, strips }] : [];
  });
  return found.length === branches.length ? found : undefined;
}

/** Strips of an image, each of which a thread takes. */
const stripsIn = (width: number, strips: Strips): number => {
  const [down, along] = strips.step;
  return down * along * Math.ceil(Math.ceil(width / along) / (kindOf(strips) === "slides3" ? 4 : 2));
};

/** @param leastRows that pay for loading a thread's weights */
function lowerStrips(
  context: LowerContext<"depthwise">,
  weights: TensorRef,
  branches: readonly StripBranch[],
  leastRows: number,
): void {
  const { node, inputs, output, tuning, dispatch } = context;
  const { attrs } = node;
  const x = inputs[0]!;
  const [images, channels, inH, inW] = dims4(x.type);
  const [, , outH, outW] = dims4(output.type);
  const range = depthwiseRange(attrs);
  const load = loadReads(attrs.load, inputs, channels, range);
  const wg = tuning.workgroup;
  const perDispatch = Math.floor(TABLE_ROWS / BRANCH_ROWS);
  for (let from = 0; from < branches.length; from += perDispatch) {
    const part = branches.slice(from, from + perDispatch);
    const rows = Math.min(...part.map(({ strips }) => Math.ceil(outH / strips.step[0])));
    const threads = part.map(({ channels, strips }) => quads(channels) * stripsIn(outW, strips));
    const step = imageStep(
      images,
      rows,
      threads.reduce((sum, count) => sum + count, 0),
      leastRows,
    );
    dispatch({
      shader: "depthwise_bundle",
      conditions: {
        ...load.conditions,
        slides: part.some(({ strips }) => strips.slides),
        skips: part.some(({ strips }) => !strips.slides),
      },
      constants: { wg },
      uniforms: {
        in_h: inH,
        in_w: inW,
        out_h: outH,
        out_w: outW,
        in_plane: planePixels(x.type),
        out_plane: planePixels(output.type),
        stride_y: attrs.stride[0],
        stride_x: attrs.stride[1],
        images,
        image_step: step,
        span: 0,
        ...load.uniforms,
        range_count: range.end - range.start,
      },
      table: part.flatMap(({ start, result, channels, weight, kernel, padding, strips }) => [
        [start / 4, result / 4, channels, weight] as const,
        [bytes(...kernel, ...strips.step), -padding[0], -padding[1], KIND[kindOf(strips)]] as const,
      ]),
      reads: [x, weights, ...load.reads],
      writes: [output],
      flops: branchFlops(part, planePixels(output.type)),
      workgroups: [
        Math.ceil((step * Math.max(...part.map(({ strips }) => stripsIn(outW, strips)))) / wg),
        Math.max(...part.map((branch) => quads(branch.channels))),
        part.length,
      ],
    });
  }
}
