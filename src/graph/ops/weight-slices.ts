import { elements, type Value } from "../types.ts";
import type { GraphWriter } from "./def.ts";

/** The gradient by each weight out of the joint one, in which they lie one after another. */
export function weightSlices(g: GraphWriter, dw: Value, weights: readonly Value[]): Value[] {
  let start = 0;
  return weights.map((weight) => {
    const type = g.type(weight);
    start += elements(type);
    return g.add("flat_slice", [dw], { start: start - elements(type), shape: type.shape });
  });
}
