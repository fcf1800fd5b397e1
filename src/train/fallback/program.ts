import * as tf from "@tensorflow/tfjs-core";
import type { Graph, ParamRole, ParamSpec } from "../../graph/types.ts";
import { type Interpreter, interpreter, type TfStep } from "../../runtime/tfjs/index.ts";
import type { Parameters } from "../parameters.ts";
import type { HostBatch } from "./feed.ts";

/** All parameters of a role as one vector, laid out like the engine's arenas. */
export type Vectors = Readonly<Record<ParamRole, tf.Tensor1D>>;

/** The parameters that a program reads, as they are when it runs. */
export interface ProgramParameters extends Parameters {
  readonly vectors: Vectors;
}

/** What a run of a program yields. It lives as long as the `tf.tidy` that the program ran in; what is called is made anew. */
export interface RunResult {
  /** [N, classes]. */
  readonly logits: tf.Tensor2D;
  /** Per sample: loss, and whether its label is the first or among the first five of the logits. */
  readonly loss: tf.Tensor1D;
  readonly top1: tf.Tensor1D;
  readonly top5: tf.Tensor1D;
  /** Gradient by the parameters of a role, laid out like these; zeros where the graph has none. */
  readonly gradient: (role: ParamRole) => tf.Tensor1D;
  /** Running statistics after the run; undefined where the graph does not update them. */
  readonly state: () => tf.Tensor1D | undefined;
}

/** Names of outputs by the parameter whose slot they are for. */
type Writes = ReadonlyMap<string, string>;

/** A training or evaluation graph of a network, ready to be interpreted. */
export class FallbackProgram {
  readonly #network: ProgramParameters;
  readonly #specs: ReadonlyMap<string, ParamSpec>;
  readonly #gradients: Writes;
  readonly #updates: Writes;
  readonly #run: Interpreter;

  constructor(network: ProgramParameters, graph: Graph) {
    this.#network = network;
    this.#specs = new Map(network.params.map((spec) => [spec.name, spec]));
    this.#gradients = writesOf(graph, "grad");
    this.#updates = writesOf(graph, "param");
    this.#run = interpreter(graph);
  }

  /**
   * Runs the graph on the network's parameters but those of `instead`.
   * To be called within `tf.tidy`, which disposes what of the result is not kept.
   */
  run({ x, y }: HostBatch, step?: TfStep, instead: Partial<Vectors> = {}): RunResult {
    const vectors = { ...this.#network.vectors, ...instead };
    const outputs = this.#run({ inputs: { x, y }, param: (name) => this.#param(vectors, name), step });
    const perSample = (name: string) => outputs.get(name) as tf.Tensor1D;
    const logits = outputs.get("logits")!;
    return {
      logits: tf.reshape(logits, [logits.shape[0]!, -1]),
      loss: perSample("loss"),
      top1: perSample("top1"),
      top5: perSample("top5"),
      gradient: (role) => this.#gather(outputs, this.#gradients, role),
      state: () => (this.#updates.size > 0 ? this.#gather(outputs, this.#updates, "state") : undefined),
    };
  }

  #param(vectors: Vectors, name: string): tf.Tensor {
    const { role, shape } = this.#specs.get(name)!;
    const { offset, size } = this.#network.layouts[role].slot(name);
    return tf.tidy(() => tf.reshape(tf.slice1d(vectors[role], offset, size), [...shape]));
  }

  /** Puts outputs at their places in a vector; parameters that no output is for stay zero. */
  #gather(outputs: ReadonlyMap<string, tf.Tensor>, writes: Writes, role: ParamRole): tf.Tensor1D {
    const layout = this.#network.layouts[role];
    const parts: tf.Tensor1D[] = [];
    let end = 0;
    const fill = (until: number) => {
      if (until > end) parts.push(tf.zeros([until - end]));
      end = until;
    };
    for (const { spec, offset, size } of layout.slots.values()) {
      const output = writes.get(spec.name);
      if (output === undefined) continue;
      fill(offset);
      parts.push(tf.reshape(outputs.get(output)!, [size]));
      end = offset + size;
    }
    fill(layout.length);
    return tf.concat1d(parts);
  }
}

function writesOf({ outputs }: Graph, arena: "grad" | "param"): Writes {
  return new Map(outputs.flatMap(({ name, into }) => (into?.arena === arena ? [[into.param, name]] : [])));
}
