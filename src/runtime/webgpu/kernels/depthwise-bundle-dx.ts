import { depthwiseRange } from "../../../graph/ops/depthwise.ts";
import { loadInputs } from "../../../graph/ops/load.ts";
import { dims4, planes } from "../../../graph/types.ts";
import type { Lower, LowerContext, TensorRef } from "../kernel.ts";
import { kindsOf, passFlops, passTables, type Section, sectionsOf, spanOf } from "./depthwise-passes.ts";
import { type DepthwisePixels, depthwisePixels } from "./depthwise-pixels.ts";
import { imageStep, inQuads, placed, stripWays } from "./depthwise-strips.ts";
import { planePixels } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { shapeClass } from "./tuned.ts";

/** (dy, w per branch) or (dy, x, load's inputs, w per branch) → gradient by what the load's ReLU was applied to. */
export const depthwiseBundleDx: Lower<"depthwise_dx"> = (context) => {
  const { node, inputs, output, tuning, epilogues } = context;
  if (epilogues.length > 0) throw new Error(`depthwise_dx has no follower ${epilogues[0]!.node.op}`);
  const { attrs } = node;
  const { stride, load } = attrs;
  const extra = load.relu ? 1 + loadInputs(load) : 0;
  const [source, ...rest] = inputs as [TensorRef, ...TensorRef[]];
  const weights = context.span(rest.slice(extra));
  const branches = placed(attrs.branches, weights.offsets);
  const range = depthwiseRange(attrs);
  const loaded = rest.slice(0, extra);
  const gradient: DepthwisePixels = {
    attrs,
    branches,
    source,
    weights: weights.ref,
    result: output,
    byX: true,
    mask: loaded[0],
    load: loadReads(load, loaded, dims4(planes(attrs.shape))[1], range),
  };
  const sections = inQuads(branches)
    ? sectionsOf(branches, stride, range.start, range.end - range.start, load.relu)
    : undefined;
  const key = `depthwise_dx ${branches.length} stride ${stride} ${shapeClass(output.type)}`;
  const way = sections ? tuning.pick(key, stripWays(tuning)) : "pixels";
  if (sections && way !== "pixels") lowerSections(context, gradient, sections, way);
  else depthwisePixels(context, gradient);
};

/** @param leastRows that pay for loading a thread's weights */
function lowerSections(
  { tuning, dispatch }: LowerContext<"depthwise_dx">,
  { attrs, source, weights, result, mask, load }: DepthwisePixels,
  all: readonly Section[],
  leastRows: number,
): void {
  const { workgroup: wg } = tuning;
  const { stride } = attrs;
  const [images, channels, inH, inW] = dims4(result.type);
  const [, , outH, outW] = dims4(source.type);
  const span = spanOf(all, stride);
  const items = Math.ceil(inW / (4 * span));
  for (const { sections, rows } of passTables(all)) {
    const planes = sections.reduce((sum, section) => sum + section.quads, 0);
    const step = imageStep(images, inH, items * planes, leastRows);
    dispatch({
      shader: "depthwise_bundle_dx",
      conditions: { ...load.conditions, ...kindsOf(sections) },
      constants: { wg },
      uniforms: {
        in_h: inH,
        in_w: inW,
        out_h: outH,
        out_w: outW,
        in_plane: planePixels(result.type),
        out_plane: planePixels(source.type),
        stride_y: stride[0],
        stride_x: stride[1],
        images,
        image_step: step,
        span,
        ...load.uniforms,
        range_count: channels,
      },
      table: rows,
      reads: [source, weights, ...load.reads, ...(mask ? [mask] : [])],
      writes: [result],
      flops: passFlops(sections, planePixels(source.type)),
      workgroups: [
        Math.ceil((items * step) / wg),
        Math.max(...sections.map((section) => section.quads)),
        sections.length,
      ],
    });
  }
}
