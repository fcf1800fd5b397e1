import type { NetworkDesc } from "../desc/network-desc.ts";
import { dims4, elements, flat, type Graph, type Node, type OpAttrs, type ParamSpec } from "../graph/types.ts";
import { lowerNetwork } from "./network.ts";

/** What one layer costs for one image. Counting rules in `costOf`. */
export interface LayerStats {
  /** Module, as in parameter names. */
  readonly name: string;
  readonly op: string;
  readonly outShape: readonly number[];
  /** Multiplications and additions. */
  readonly mAdd: number;
  readonly flops: number;
  /** Multiply-adds of convolutions and linear layers: their multiplications. */
  readonly macs: number;
}

export interface ModelStats {
  /** Trainable numbers, alphas and aux tower included. */
  readonly params: number;
  readonly alphas: number;
  readonly auxParams: number;
  readonly mAdd: number;
  readonly flops: number;
  readonly macs: number;
  readonly layers: readonly LayerStats[];
  /** Every parameter; `paramsUnder` sums those of a module. */
  readonly specs: readonly ParamSpec[];
}

export interface StatsOptions {
  readonly height: number;
  readonly width: number;
  readonly affine: boolean;
  /** The model is built with drop path, which shows in names only. */
  readonly dropPath?: boolean;
}

/**
 * Counts parameters, and the operations of one image in evaluation mode (so without the aux tower).
 * @throws SupernetError as `lowerNetwork`
 */
export function modelStats(desc: NetworkDesc, { height, width, affine, dropPath = false }: StatsOptions): ModelStats {
  const options = { batch: 1, height, width, affine, dropPath: dropPath ? "off" : "none" } as const;
  // The aux tower only exists in training mode.
  const specs = lowerNetwork(desc, { ...options, training: true })
    .builder.build()
    .params.filter(({ role }) => role !== "state");
  const layers = layerStats(lowerNetwork(desc, { ...options, training: false }).builder.build());
  const sum = (key: "mAdd" | "flops" | "macs") => layers.reduce((total, layer) => total + layer[key], 0);
  return {
    params: countParams(specs),
    alphas: countParams(specs.filter(({ role }) => role === "alphas")),
    auxParams: countParams(specs.filter(({ name }) => name.startsWith("_aux_towers."))),
    mAdd: sum("mAdd"),
    flops: sum("flops"),
    macs: sum("macs"),
    layers,
    specs,
  };
}

/** Parameters and operations of one module and all it contains. */
export function statsUnder(stats: ModelStats, module: string): { params: number; mAdd: number; macs: number } {
  const inside = ({ name }: { name: string }) => name === module || name.startsWith(`${module}.`);
  const layers = stats.layers.filter(inside);
  return {
    params: countParams(stats.specs.filter(inside)),
    mAdd: layers.reduce((total, { mAdd }) => total + mAdd, 0),
    macs: layers.reduce((total, { macs }) => total + macs, 0),
  };
}

const countParams = (specs: readonly ParamSpec[]) =>
  specs.reduce((total, { shape }) => total + elements(flat(shape)), 0);

function layerStats(graph: Graph): LayerStats[] {
  return graph.nodes.flatMap((node) => {
    const cost = costOf(graph, node);
    return cost ? [{ name: node.scope, op: node.op, outShape: node.type.shape, ...cost }] : [];
  });
}

/**
 * Cost of a node; undefined for nodes that are not counted. With k the kernel area, c the input channels per group, o the
 * output and i the input elements: a convolution has (2kc - 1) o operations and kco multiplications, batch norm 4i,
 * ReLU i, pooling compares or adds k per output. "Flops" count a multiply-add as one. These are the rules of the
 * `tensorwatch` package that the reference reports with, so that figures compare.
 */
function costOf(graph: Graph, node: Node): { mAdd: number; flops: number; macs: number } | undefined {
  const out = elements(node.type);
  switch (node.op) {
    case "conv2d": {
      const weight = graph.nodes[node.inputs[1] ?? 0]?.type.shape ?? [];
      const perOutput = weight.slice(1).reduce((product, size) => product * size, 1);
      return { mAdd: (2 * perOutput - 1) * out, flops: perOutput * out, macs: perOutput * out };
    }
    case "bn_apply":
      return { mAdd: 4 * out, flops: (node.attrs as OpAttrs["bn_apply"]).affine ? 2 * out : out, macs: 0 };
    case "relu":
    case "relu6":
      return { mAdd: out, flops: out, macs: 0 };
    case "max_pool":
    case "avg_pool": {
      const [kh, kw] = (node.attrs as OpAttrs["max_pool"]).kernel;
      return { mAdd: (kh * kw - (node.op === "max_pool" ? 1 : 0)) * out, flops: kh * kw * out, macs: 0 };
    }
    case "global_avg_pool": {
      const x = graph.nodes[node.inputs[0] ?? 0];
      const [, c, h, w] = x ? dims4(x.type) : [0, 0, 0, 0];
      return { mAdd: 0, flops: c * (h + 1) * (w + 1), macs: 0 };
    }
    default:
      return undefined;
  }
}
