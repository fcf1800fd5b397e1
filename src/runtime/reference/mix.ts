import type { RefOp } from "./def.ts";

const pending = () => {
  throw new Error("no reference yet");
};
export const mix: RefOp<"mix"> = pending;
export const mix_grad: RefOp<"mix_grad"> = pending;
export const mix_dx: RefOp<"mix_dx"> = pending;
export const mix_dw: RefOp<"mix_dw"> = pending;
