import { loadInputs } from "../../../graph/ops/load.ts";
import { pointwiseRange } from "../../../graph/ops/pointwise-conv.ts";
import { dims4 } from "../../../graph/types.ts";
import type { Lower } from "../kernel.ts";
import { loadReads } from "./load-reads.ts";
import { lowerProduct } from "./pointwise-product.ts";
import type { Term } from "./pointwise-tiles.ts";

export const pointwiseBundle: Lower<"pointwise"> = (context) => {
  const { node, inputs, output } = context;
  const { branches, stride, load } = node.attrs;
  const x = inputs[0]!;
  const range = pointwiseRange(node.attrs);
  const weights = context.span(inputs.slice(1 + loadInputs(load)));
  let first = 0;
  const terms = branches.map((branch, index): Term => {
    const result = first;
    first += branch.outputs;
    return {
      source: branch.start,
      sources: branch.inputs,
      result,
      results: branch.outputs,
      weight: weights.offsets[index]!,
      offset: branch.offset,
    };
  });
  lowerProduct(context, {
    source: x,
    weights: weights.ref,
    terms,
    result: output,
    y: output.type,
    stride,
    byX: false,
    load: loadReads(load, inputs, dims4(x.type)[1], range),
    read: range.end - range.start,
  });
};
