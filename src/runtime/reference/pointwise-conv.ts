import type { RefOp } from "./def.ts";

const pending = () => {
  throw new Error("no reference yet");
};
export const pointwise: RefOp<"pointwise"> = pending;
export const pointwise_dx: RefOp<"pointwise_dx"> = pending;
export const pointwise_dw: RefOp<"pointwise_dw"> = pending;
