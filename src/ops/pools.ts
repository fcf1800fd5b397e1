import type { Op } from "./context.ts";
import { stride, unaryOp } from "./op.ts";

/** 3x3 pooling with padding 1. There is no batch norm behind it; averages are over real pixels only. */
export function pool3x3(name: string, kind: "max_pool" | "avg_pool"): Op {
  return unaryOp(name, (ctx, desc, x) => {
    const step = stride(desc);
    return ctx.g.add(kind, [x], { kernel: [3, 3], stride: [step, step], padding: [1, 1] });
  });
}

/** Halves height and width, of which an odd last row or column is lost. */
const maxPool2x2 = unaryOp("max_pool_2x2", (ctx, _desc, x) =>
  ctx.g.add("max_pool", [x], { kernel: [2, 2], stride: [2, 2], padding: [0, 0] }),
);

/** Mean over 7x7 windows side by side: what ImageNet models end with. */
const avgPool7x7 = unaryOp("pool_avg2d7x7", (ctx, _desc, x) =>
  ctx.g.add("avg_pool", [x], { kernel: [7, 7], stride: [7, 7], padding: [0, 0] }),
);

/** Mean of the whole plane, [N, C, 1, 1]. Both names yield the same here: a sample's features are one vector. */
const globalPool = (name: string) => unaryOp(name, (ctx, _desc, x) => ctx.g.add("global_avg_pool", [x], {}));

export const pools: readonly Op[] = [
  pool3x3("max_pool_3x3", "max_pool"),
  pool3x3("avg_pool_3x3", "avg_pool"),
  maxPool2x2,
  avgPool7x7,
  globalPool("pool_adaptive_avg2d"),
  globalPool("pool_mean_tensor"),
];
