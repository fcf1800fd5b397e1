import { elements, flat } from "../../../graph/types.ts";
import { STREAMS } from "../../../random/streams.ts";
import type { Lower, LowerContext, Span, TensorRef } from "../kernel.ts";

type GumbelOp = "gumbel_softmax" | "gumbel_softmax_dx";

/** One workgroup, whose invocations share the elements of all vectors. */
function dispatchOne(
  { node, output, tuning, scratch, dispatch }: LowerContext<GumbelOp>,
  vectors: Span,
  gradient?: { readonly dy: TensorRef; readonly parts: Span },
): void {
  const total = elements(output.type);
  const { index, samples } = node.attrs;
  dispatch({
    shader: "gumbel_softmax",
    conditions: { gradient: gradient !== undefined },
    constants: { wg: tuning.workgroup },
    uniforms: { total, size: total / vectors.offsets.length, samples, stream: STREAMS.gumbel, index },
    table: vectors.offsets.map((offset, at) => [offset, gradient?.parts.offsets[at] ?? 0, 0, 0]),
    reads: gradient ? [vectors.ref, gradient.dy] : [vectors.ref],
    writes: [gradient?.parts.ref ?? output, scratch(flat([total]))],
    workgroups: [1, 1, 1],
    step: true,
  });
}

export const gumbelSoftmax: Lower<"gumbel_softmax"> = (context) => dispatchOne(context, context.span(context.inputs));

export const gumbelSoftmaxDx: Lower<"gumbel_softmax_dx"> = (context) => {
  const [dy, ...vectors] = context.inputs as [TensorRef, ...TensorRef[]];
  const parts = context.parts(vectors.map(({ type }) => elements(type)));
  dispatchOne(context, context.span(vectors), { dy, parts });
};
