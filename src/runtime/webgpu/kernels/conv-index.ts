import type { Kernels } from "../kernel.ts";
import { addBias, channelSum } from "./bias.ts";
import { conv2d, conv2dDx, dense, denseDx } from "./conv2d.ts";
import { conv2dDw, denseDw } from "./conv2d-dw.ts";

/** Convolutions in all their forms, linear layers (1x1 on a 1x1 image), and biases. */
export const convKernels: Kernels = {
  conv2d,
  conv2d_dx: conv2dDx,
  conv2d_dw: conv2dDw,
  dense,
  dense_dx: denseDx,
  dense_dw: denseDw,
  add_bias: addBias,
  channel_sum: channelSum,
};
