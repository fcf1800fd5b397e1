import { SupernetError } from "../errors.ts";
import { sameShape } from "./ops/check.ts";
import { listText, requireShape } from "./ops/def.ts";
import { opDefs } from "./ops/index.ts";
import type { Graph, Node, OpAttrs, OpName, Output, ParamSpec, TensorType, Value } from "./types.ts";

/**
 * Builds a `Graph` node by node; the only place where nodes come into being, so every node's type is inferred and every
 * shape error names the op, the shapes and the module.
 */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #outputs: Output[] = [];
  readonly #params = new Map<string, ParamSpec>();
  readonly #paramValues = new Map<string, Value>();
  #scope = "";

  /** @throws SupernetError("graph") when the op is not defined for these input types and attributes. */
  add<K extends OpName>(op: K, inputs: readonly Value[], attrs: OpAttrs[K]): Value {
    const types = inputs.map((value) => this.type(value));
    let type: TensorType;
    try {
      type = opDefs[op].infer(types, attrs);
    } catch (error) {
      if (!(error instanceof SupernetError)) throw error;
      const where = this.#scope ? ` in ${this.#scope}` : "";
      throw new SupernetError("graph", `${op}${where}: ${error.message}`, { cause: error });
    }
    this.#nodes.push({ op, inputs, attrs, type, scope: this.#scope });
    return (this.#nodes.length - 1) as Value;
  }

  /**
   * Registers the parameter on first use; later uses of the same name share the node.
   * @throws SupernetError("graph") when a later use disagrees about role or shape
   */
  param(spec: ParamSpec): Value {
    const known = this.#paramValues.get(spec.name);
    if (known !== undefined) {
      const first = this.#params.get(spec.name)!;
      requireShape(
        first.role === spec.role && sameShape(first.shape, spec.shape),
        `parameter ${spec.name} is used as ${spec.role} ${listText(spec.shape)}, but before as ${first.role} ${listText(first.shape)}`,
      );
      return known;
    }
    this.#params.set(spec.name, spec);
    const value = this.add("param", [], { name: spec.name, role: spec.role, shape: spec.shape });
    this.#paramValues.set(spec.name, value);
    return value;
  }

  input(name: string, type: TensorType): Value {
    return this.add("input", [], { name, type });
  }

  output(name: string, value: Value, into?: Output["into"]): void {
    this.#outputs.push(into ? { name, value, into } : { name, value });
  }

  type(value: Value): TensorType {
    return this.node(value).type;
  }

  node(value: Value): Node {
    const node = this.#nodes[value];
    if (!node) throw new Error(`value ${value} is not of this graph`);
    return node;
  }

  /** Runs `body` with `name` appended to the scope that new nodes carry. */
  scoped<T>(name: string, body: () => T): T {
    const outer = this.#scope;
    this.#scope = outer ? `${outer}.${name}` : name;
    try {
      return body();
    } finally {
      this.#scope = outer;
    }
  }

  build(): Graph {
    return { nodes: [...this.#nodes], outputs: [...this.#outputs], params: [...this.#params.values()] };
  }

  /** A builder that goes on where `graph` ends; values of `graph` stay valid. Outputs are kept. */
  static extend(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder();
    builder.#nodes.push(...graph.nodes);
    builder.#outputs.push(...graph.outputs);
    for (const spec of graph.params) builder.#params.set(spec.name, spec);
    graph.nodes.forEach((node, index) => {
      if (node.op === "param") builder.#paramValues.set((node.attrs as OpAttrs["param"]).name, index as Value);
    });
    return builder;
  }
}
