import type { OpDesc } from "../desc/model-desc.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { batchNorm, conv2d, relu } from "./layers.ts";
import { conv, opError, unaryOp } from "./op.ts";

const stem3x3 = (ctx: LowerContext, desc: OpDesc, x: Value) =>
  ctx.child("_op", (sub) => batchNorm(sub, "1", conv2d(sub, "0", x, { ...conv(ctx, desc), kernel: 3, padding: 1 })));

/** Stride-2 convolutions with a batch norm each and ReLUs between: image to 1/4 or 1/8 of its size. */
function reducingStem(ctx: LowerContext, desc: OpDesc, x: Value, convolutions: number): Value {
  const { chIn, chOut } = conv(ctx, desc);
  if (chOut % 2) throw opError(ctx, desc, `starts with half its output channels; ch_out ${chOut} must be even`);
  return ctx.child("_op", (sub) => {
    let y = x;
    for (let i = 0; i < convolutions; i++) {
      const channels = { chIn: [chIn, chOut / 2][i] ?? chOut, chOut: i === 0 ? chOut / 2 : chOut };
      if (i > 0) y = relu(sub, y);
      y = batchNorm(sub, `${3 * i + 1}`, conv2d(sub, `${3 * i}`, y, { ...channels, kernel: 3, stride: 2, padding: 1 }));
    }
    return y;
  });
}

/** What turns an image into the first states. */
export const stems: readonly Op[] = [
  unaryOp("stem_conv3x3", stem3x3),
  unaryOp("stem_conv3x3Relu", (ctx, desc, x) => relu(ctx, stem3x3(ctx, desc, x))),
  unaryOp("stem_conv3x3_s4", (ctx, desc, x) => reducingStem(ctx, desc, x, 2)),
  unaryOp("stem_conv3x3_s4s2", (ctx, desc, x) => reducingStem(ctx, desc, x, 3)),
];
