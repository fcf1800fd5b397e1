import { SupernetError } from "../../errors.ts";
import type { Node, OpAttrs, OpName, TensorType, Value } from "../types.ts";

/** The part of a graph builder that gradient rules use. */
export interface GraphWriter {
  add<K extends OpName>(op: K, inputs: readonly Value[], attrs: OpAttrs[K]): Value;
  type(value: Value): TensorType;
}

/** What the gradient rule of an op sees: the forward node, its own value, and the gradient that reaches it. */
export interface VjpContext<K extends OpName> {
  readonly g: GraphWriter;
  readonly node: Node<K>;
  readonly value: Value;
  readonly dy: Value;
  /** Whether anyone asks for the gradient by input `index`; rules skip what nobody asks for. */
  needs(index: number): boolean;
}

/** Shape inference and gradient of one op. */
export interface OpDef<K extends OpName> {
  /** @throws SupernetError("graph") naming the offending shapes; the builder adds op and scope. */
  infer(inputs: readonly TensorType[], attrs: OpAttrs[K]): TensorType;
  /**
   * Gradients by input, `undefined` where none flows or none was asked for. Absent: the op is not differentiable, and a gradient
   * that reaches it is an error.
   */
  vjp?(context: VjpContext<K>): (Value | undefined)[];
}

export type OpDefs = { readonly [K in OpName]: OpDef<K> };

export const shapeText = (type: TensorType): string => `${type.layout} ${type.dtype} ${listText(type.shape)}`;

/** Numbers of an attribute or a shape as they read in messages. */
export const listText = (values: readonly number[]): string => `[${values.join(", ")}]`;

export function requireShape(condition: boolean, message: string): asserts condition {
  if (!condition) throw new SupernetError("graph", message);
}
