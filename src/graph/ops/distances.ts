import { flat } from "../types.ts";
import { requirePlanes, requireSame } from "./check.ts";
import { type OpDef, requireShape } from "./def.ts";

/** Pairs among `count` things. */
export const pairsAmong = (count: number): number => (count * (count - 1)) / 2;

export const pair_distances: OpDef<"pair_distances"> = {
  infer(inputs) {
    const [first] = inputs;
    requireShape(first !== undefined && inputs.length > 1, `compares at least two tensors, not ${inputs.length}`);
    const [n] = requirePlanes("x0", first);
    for (const [index, type] of inputs.entries()) requireSame(`x${index}`, type, "x0", first);
    return flat([pairsAmong(inputs.length), n]);
  },
};
