import type { RefOp } from "./def.ts";

const pending = () => {
  throw new Error("no reference yet");
};
export const pool_pair: RefOp<"pool_pair"> = pending;
export const pool_pair_dx: RefOp<"pool_pair_dx"> = pending;
export const flat_slice: RefOp<"flat_slice"> = pending;
export const columns: RefOp<"columns"> = pending;
export const bn_updates: RefOp<"bn_updates"> = pending;
