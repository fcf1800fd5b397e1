import type { RefOp } from "./def.ts";

const pending = () => {
  throw new Error("no reference yet");
};
export const depthwise: RefOp<"depthwise"> = pending;
export const depthwise_dx: RefOp<"depthwise_dx"> = pending;
export const depthwise_dw: RefOp<"depthwise_dw"> = pending;
