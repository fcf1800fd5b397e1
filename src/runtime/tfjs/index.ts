import * as tf from "@tensorflow/tfjs-core";
import { SupernetError } from "../../errors.ts";
import type { Graph, OpAttrs, OpName, TensorType } from "../../graph/types.ts";
import { type Feeds, requireFed } from "../feeds.ts";
import * as batchNorm from "./batch-norm.ts";
import * as bundles from "./bundles.ts";
import * as conv from "./conv.ts";
import type { TfOp, TfOps, TfStep } from "./def.ts";
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
import { fromTensor, toTensor } from "./tensors.ts";

export type { TfStep } from "./def.ts";
export { fromTensor, toTensor } from "./tensors.ts";

// The graph interpreted by TensorFlow.js, op by op, for browsers without WebGPU: slow, but the same arithmetic.
//
// Planes [N, C, H, W] are kept as TensorFlow.js likes them, [N, H, W, C]; flat tensors in their own shape (so weights stay
// OIHW, and a convolution turns them). f32 is float32, u32 is int32. Every op of the catalogue is interpreted, those that
// passes make too; gradients are ops of the graph, so nothing here records a tape. What TensorFlow.js lacks or gets wrong
// (gradients of dilated depthwise convolutions and of pools at borders and ties) is composed from forward kernels.
//
// Whoever calls chooses the TensorFlow.js backend beforehand (`tf.setBackend`).

/** Every interpretation by its op's name. */
export const tfOps: TfOps = {
  ...conv,
  ...dense,
  ...batchNorm,
  ...pool,
  ...pointwise,
  ...noise,
  ...shape,
  ...sums,
  ...gumbel,
  ...distances,
  ...loss,
  ...bundles,
  ...depthwise,
  ...pointwiseConv,
  ...mix,
};

/** What a graph is run on, as tensors in the interpreter's form. */
export interface TensorFeeds {
  /** They stay the caller's. */
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  /** A new tensor of a parameter, in its own shape; the interpreter disposes it. */
  readonly param: (name: string) => tf.Tensor;
  readonly step?: TfStep;
}

/**
 * Runs a graph.
 * @returns the outputs by name, in the interpreter's form; the caller disposes them
 * @throws SupernetError("graph") when an input is missing or an op is not interpreted
 */
export type Interpreter = (feeds: TensorFeeds) => Map<string, tf.Tensor>;

/** Prepares a graph for being interpreted: finds after which node each value is no longer needed. */
export function interpreter(graph: Graph): Interpreter {
  const { nodes, outputs } = graph;
  const unknown = nodes.find(({ op }) => op !== "input" && op !== "param" && !(op in tfOps));
  if (unknown) throw new SupernetError("graph", `op ${unknown.op} cannot be run by TensorFlow.js; use WebGPU`);
  const last = new Map<number, number>();
  nodes.forEach(({ inputs }, index) => {
    last.set(index, index);
    for (const input of inputs) last.set(input, index);
  });
  for (const { value } of outputs) last.set(value, nodes.length);
  const dying: number[][] = nodes.map(() => []);
  for (const [value, index] of last) dying[index]?.push(value);

  return (feeds) => {
    const values = new Map<number, tf.Tensor>();
    try {
      nodes.forEach((node, index) => {
        values.set(index, evaluate(node, feeds, values));
        for (const value of dying[index]!) {
          values.get(value)?.dispose();
          values.delete(value);
        }
      });
      return new Map(outputs.map(({ name, value }) => [name, tf.clone(values.get(value)!)]));
    } finally {
      for (const value of values.values()) value.dispose();
    }

    function evaluate(node: Graph["nodes"][number], { inputs, param, step }: TensorFeeds, known: typeof values) {
      if (node.op === "input") return tf.clone(fedInput(node.attrs as OpAttrs["input"], inputs));
      if (node.op === "param") return param((node.attrs as OpAttrs["param"]).name);
      const given = node.inputs.map((input) => known.get(input)!);
      return tf.tidy(() => {
        const result = (tfOps[node.op as keyof TfOps] as TfOp<OpName>)({
          attrs: node.attrs,
          inputs: given,
          types: node.inputs.map((input) => nodes[input]!.type),
          type: node.type,
          step,
        });
        // A value is disposed by itself, even if it is another's.
        return given.includes(result) ? tf.clone(result) : result;
      });
    }
  };
}

function fedInput({ name, type }: OpAttrs["input"], inputs: TensorFeeds["inputs"]): tf.Tensor {
  const tensor = inputs[name];
  if (!tensor) throw new SupernetError("graph", `input ${name} [${type.shape.join(", ")}] is not fed`);
  return tensor;
}

/**
 * Runs a graph once, from numbers to numbers: what `evaluateReference` does, in single precision on the current backend.
 * @throws SupernetError("graph") as the reference backend
 */
export async function evaluateTfjs(graph: Graph, feeds: Feeds): Promise<Map<string, Float32Array>> {
  const made: tf.Tensor[] = [];
  const keep = (
    kind: "input" | "parameter",
    name: string,
    data: ArrayLike<number> | undefined,
    type: TensorType,
  ): tf.Tensor => {
    const tensor = toTensor(requireFed(kind, name, data, type), type);
    made.push(tensor);
    return tensor;
  };
  try {
    const inputs: Record<string, tf.Tensor> = {};
    const params = new Map<string, tf.Tensor>();
    for (const { op, attrs, type } of graph.nodes) {
      const { name } = attrs as { name: string };
      if (op === "input") inputs[name] = keep("input", name, feeds.inputs[name], type);
      if (op === "param") params.set(name, keep("parameter", name, feeds.params[name], type));
    }
    const results = interpreter(graph)({ inputs, param: (name) => tf.clone(params.get(name)!), step: feeds.step });
    made.push(...results.values());
    const read = new Map<string, Float32Array>();
    for (const { name, value } of graph.outputs) {
      read.set(name, await fromTensor(results.get(name)!, graph.nodes[value]!.type));
    }
    return read;
  } finally {
    for (const tensor of made) tensor.dispose();
  }
}
