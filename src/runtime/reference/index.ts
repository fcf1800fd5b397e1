import { elements, type Graph, type OpAttrs, type OpName } from "../../graph/types.ts";
import { type Feeds, requireFed } from "../feeds.ts";
import * as batchNorm from "./batch-norm.ts";
import * as bundles from "./bundles.ts";
import * as conv from "./conv.ts";
import type { RefOp, RefOps } from "./def.ts";
import * as dense from "./dense.ts";
import * as depthwise from "./depthwise.ts";
import * as distances from "./distances.ts";
import * as gumbel from "./gumbel.ts";
import * as loss from "./loss.ts";
import * as mix from "./mix.ts";
import * as noise from "./noise.ts";
import * as pointwise from "./pointwise.ts";
import * as pointwiseConv from "./pointwise-conv.ts";
import * as pool from "./pool.ts";
import * as shape from "./shape.ts";
import * as sums from "./sums.ts";

export type { Feeds } from "../feeds.ts";

const refOps: RefOps = {
  ...conv,
  ...dense,
  ...batchNorm,
  ...pool,
  ...pointwise,
  ...noise,
  ...shape,
  ...sums,
  gumbel_softmax: gumbel.gumbel_softmax,
  gumbel_softmax_dx: gumbel.gumbel_softmax_dx,
  sort_descending: gumbel.sort_descending,
  ...distances,
  ...loss,
  ...bundles,
  ...depthwise,
  ...pointwiseConv,
  ...mix,
};

/**
 * Runs a graph in double precision, op by op. Slow; this is what every op means.
 *
 * @returns the outputs by name, row-major (planes as NCHW)
 * @throws SupernetError("graph") when an input or parameter is missing or has the wrong number of elements
 */
export function evaluateReference(graph: Graph, feeds: Feeds): Map<string, Float64Array> {
  const values: Float64Array[] = [];
  for (const node of graph.nodes) {
    if (node.op === "input") {
      const { name } = node.attrs as OpAttrs["input"];
      values.push(Float64Array.from(requireFed("input", name, feeds.inputs[name], node.type)));
    } else if (node.op === "param") {
      const { name } = node.attrs as OpAttrs["param"];
      values.push(Float64Array.from(requireFed("parameter", name, feeds.params[name], node.type)));
    } else {
      const out = new Float64Array(elements(node.type));
      (refOps[node.op] as RefOp<OpName>)({
        attrs: node.attrs,
        inputs: node.inputs.map((input) => values[input]!),
        types: node.inputs.map((input) => graph.nodes[input]!.type),
        type: node.type,
        out,
        step: feeds.step,
      });
      values.push(out);
    }
  }
  return new Map(graph.outputs.map(({ name, value }) => [name, values[value]!]));
}
