import { loadInputs } from "../../../graph/ops/load.ts";
import { pointwiseRange } from "../../../graph/ops/pointwise-conv.ts";
import { dims4, planes } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { loadReads } from "./load-reads.ts";
import { lowerProduct } from "./pointwise-product.ts";
import type { Term } from "./pointwise-tiles.ts";

export const pointwiseBundleDx: Lower<"pointwise_dx"> = (context) => {
  const { node, inputs, output } = context;
  const { branches, stride, load, shape } = node.attrs;
  const [dy, ...rest] = inputs as [(typeof inputs)[0], ...typeof inputs];
  const extra = load.relu ? 1 + loadInputs(load) : 0;
  const range = pointwiseRange(node.attrs);
  const weights = context.span(rest.slice(extra));
  let first = 0;
  const terms = branches.map((branch, index): Term => {
    const source = first;
    first += branch.outputs;
    return {
      source,
      sources: branch.outputs,
      result: branch.start - range.start,
      results: branch.inputs,
      weight: weights.offsets[index]!,
      offset: branch.offset,
    };
  });
  lowerProduct(context, {
    source: dy,
    weights: weights.ref,
    mask: load.relu ? rest[0] : undefined,
    terms,
    result: output,
    y: dy.type,
    stride,
    byX: true,
    load: loadReads(load, rest.slice(0, extra), dims4(planes(shape))[1], range),
    read: range.end - range.start,
  });
};
