import { expect } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import type { OpAttrs, OpName, TensorType } from "../../../src/graph/types.ts";

/** Adds one op on inputs of these types in a module `cell.edge`; the type of the result, or the error's message. */
export function infer<K extends OpName>(op: K, inputs: readonly TensorType[], attrs: OpAttrs[K]): string {
  const g = new GraphBuilder();
  const values = inputs.map((type, index) => g.input(`x${index}`, type));
  try {
    const { layout, dtype, shape } = g.type(g.scoped("cell", () => g.scoped("edge", () => g.add(op, values, attrs))));
    return `${layout} ${dtype} [${shape.join(", ")}]`;
  } catch (error) {
    expect(error).toMatchObject({ name: "SupernetError", code: "graph" });
    return (error as Error).message;
  }
}
