import { convolutionFlops } from "../../../graph/flops.ts";
import { type Conv2dAttrs, type DenseAttrs, dims4, joinedShape } from "../../../graph/types.ts";
import { grid, type Lower, type LowerContext, quads, type TensorRef, type Tuning } from "../kernel.ts";
import { type ConvContext, type Filter, filterOf, isDepthwise, tiling, type Weights, weightsOf } from "./conv-shape.ts";
import { lowerStrips, planStrips } from "./dense-strips.ts";
import { depthwise } from "./depthwise.ts";
import { vectors } from "./launch.ts";
import { loadReads } from "./load-reads.ts";
import { lowerProduct } from "./pointwise-product.ts";
import { shapeClass } from "./tuned.ts";

/** Pixels a thread of conv2d.wesl computes. */
const TILE = 8;

/** (x, w) → y. */
export const conv2d: Lower<"conv2d"> = (context) => {
  const [x, w] = context.inputs;
  convolve(context, context.node.attrs, x!, w!, context.output, false);
};

/** (dy, w) → dx: the same sum over taps in reverse, with the stride on the other side. */
export const conv2dDx: Lower<"conv2d_dx"> = (context) => {
  const [dy, w] = context.inputs;
  convolve(context, context.node.attrs, dy!, w!, context.output, true);
};

/** (x, w, …) → y. */
export const dense: Lower<"dense"> = (context) => {
  const [x, ...weights] = context.inputs;
  convolveDense(context, context.node.attrs, x!, weights, context.output, false);
};

/** (dy, w, …) → dx. */
export const denseDx: Lower<"dense_dx"> = (context) => {
  const [dy, ...weights] = context.inputs;
  convolveDense(context, context.node.attrs, dy!, weights, context.output, true);
};

function convolve(
  context: LowerContext<"conv2d"> | LowerContext<"conv2d_dx">,
  attrs: Conv2dAttrs,
  from: TensorRef,
  weights: TensorRef,
  to: TensorRef,
  backward: boolean,
): void {
  const filter = filterOf(weights.type.shape);
  const { outputs, inputs, taps } = filter;
  if (isDepthwise(attrs)) depthwise(context, attrs, filter, from, weights, to, backward);
  else if (taps === 1 && attrs.padding.every((pixels) => pixels === 0)) {
    const [sources, results] = backward ? [outputs, inputs] : [inputs, outputs];
    lowerProduct(context, {
      source: from,
      weights,
      terms: [{ source: 0, sources, result: 0, results, weight: 0, offset: [0, 0] }],
      result: to,
      y: (backward ? from : to).type,
      stride: attrs.stride,
      byX: backward,
      load: loadReads({ relu: false }, [from], inputs, { start: 0, end: inputs }),
      read: inputs,
    });
  } else convolveDense(context, attrs, from, [weights], to, backward);
}

/** Any dense convolution, of all channels of `from`; weights one after another along its outputs. */
function convolveDense(
  context: ConvContext,
  attrs: DenseAttrs,
  from: TensorRef,
  weights: readonly TensorRef[],
  to: TensorRef,
  backward: boolean,
): void {
  const filter = filterOf(joinedShape(weights.map(({ type }) => type.shape)));
  const joined = weightsOf(context, weights, filter);
  const plan = planStrips(attrs, filter, backward, joined.parts.length);
  if (plan && variant(context.tuning, filter, from, to) === "strips") {
    lowerStrips(context, plan, filter, from, joined, to, backward);
    return;
  }
  const pairs = Math.ceil(quads(to.type.shape[1]!) / 2);
  context.dispatch({
    shader: "conv2d",
    ...tiling(from.type, to.type, attrs, filter, backward, context.tuning, TILE, pairs),
    reads: [from, packWeights(context, filter, joined, backward)],
    writes: [to],
    flops: convolutionFlops((backward ? from : to).type, filter.inputs * filter.taps),
  });
}

/** Strips load little, which counts on software adapters; tiles give a GPU many threads on neighbouring pixels. */
function variant(tuning: Tuning, { kernel }: Filter, from: TensorRef, to: TensorRef): "strips" | "tiles" {
  const variants = tuning.workgroup < 64 ? (["strips", "tiles"] as const) : (["tiles", "strips"] as const);
  return tuning.pick(`conv2d ${kernel.join("x")} ${quads(dims4(from.type)[1])}q to ${shapeClass(to.type)}`, variants);
}

/** Weights in the 4x4 blocks of conv_pack.wesl. */
function packWeights(context: ConvContext, filter: Filter, weights: Weights, backward: boolean): TensorRef {
  const { outputs, inputs, taps } = filter;
  const blocks = quads(outputs) * quads(inputs) * taps;
  const packed = context.scratch(vectors(4 * blocks));
  context.dispatch({
    shader: "conv_pack",
    constants: { wg: context.tuning.workgroup },
    uniforms: {
      outputs: backward ? inputs : outputs,
      inputs: backward ? outputs : inputs,
      taps,
      backward: backward ? 1 : 0,
      parts: weights.parts.length,
    },
    table: weights.parts,
    reads: [weights.ref],
    writes: [packed],
    workgroups: grid(blocks, context.tuning.workgroup),
  });
  return packed;
}
