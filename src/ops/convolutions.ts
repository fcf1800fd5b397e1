import type { OpDesc } from "../desc/model-desc.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { batchNorm, conv2d, relu } from "./layers.ts";
import { conv, opError, stride, unaryOp } from "./op.ts";

/** ReLU, depthwise convolution, pointwise convolution, batch norm (modules `op.1`, `op.2`, `op.3`). */
function separableHalf(
  ctx: LowerContext,
  x: Value,
  layer: { chIn: number; chOut: number; kernel: number; stride: number; padding: number; dilation: number },
): Value {
  return ctx.child("op", (sub) => {
    const { chIn, chOut } = layer;
    const spread = conv2d(sub, "1", relu(sub, x), { ...layer, chOut: chIn, depthwise: true });
    return batchNorm(sub, "3", conv2d(sub, "2", spread, { chIn, chOut, kernel: 1 }));
  });
}

function sepConv(kernel: number): Op {
  return unaryOp(`sep_conv_${kernel}x${kernel}`, (ctx, desc, x) => {
    const { chIn, chOut } = conv(ctx, desc);
    if (chIn !== chOut) {
      const remedy = "set both alike, or use dil_conv or prepr_normal to change the number of channels";
      throw opError(ctx, desc, `needs ch_in = ch_out but has ${chIn} and ${chOut}; ${remedy}`);
    }
    const layer = { chIn, chOut, kernel, padding: (kernel - 1) / 2, dilation: 1 };
    return ctx.child("op", (sub) => {
      const first = sub.child("0", (half) => separableHalf(half, x, { ...layer, stride: stride(desc) }));
      return sub.child("1", (half) => separableHalf(half, first, { ...layer, stride: 1 }));
    });
  });
}

function dilConv(kernel: number): Op {
  return unaryOp(`dil_conv_${kernel}x${kernel}`, (ctx, desc, x) =>
    separableHalf(ctx, x, { ...conv(ctx, desc), kernel, stride: stride(desc), padding: kernel - 1, dilation: 2 }),
  );
}

/**
 * ReLU, 7x1 and 1x7 convolution, batch norm. As in the reference, both convolutions pad both directions by 3 and both
 * stride, so at stride 1 the result is 6 larger each way than x.
 */
const conv7x1x7 = unaryOp("conv_7x1_1x7", (ctx, desc, x) => {
  const { chIn, chOut } = conv(ctx, desc);
  const layer = { stride: stride(desc), padding: 3 };
  return ctx.child("net", (sub) => {
    const tall = conv2d(sub, "1", relu(sub, x), { ...layer, chIn, chOut: chIn, kernel: [7, 1] });
    return batchNorm(sub, "3", conv2d(sub, "2", tall, { ...layer, chIn, chOut, kernel: [1, 7] }));
  });
});

export function convBnRelu(kernel: number, name = `convbnrelu_${kernel}x${kernel}`): Op {
  return unaryOp(name, (ctx, desc, x) =>
    ctx.child("op", (sub) => {
      const layer = { ...conv(ctx, desc), kernel, padding: (kernel - 1) / 2 };
      return relu(sub, batchNorm(sub, "1", conv2d(sub, "0", x, layer)));
    }),
  );
}

/** ReLU, pointwise convolution, batch norm: what adapts a cell's input to its channels. It never strides. */
const preprNormal = unaryOp("prepr_normal", (ctx, desc, x) =>
  ctx.child("op", (sub) => batchNorm(sub, "2", conv2d(sub, "1", relu(sub, x), { ...conv(ctx, desc), kernel: 1 }))),
);

/**
 * Halves height and width without throwing pixels away: ReLU, then two pointwise convolutions, one on the even pixels
 * and one on the odd ones, side by side along channels; batch norm.
 * @throws SupernetError("desc") for odd sizes, where the two halves would differ
 */
export function factorizedReduce(ctx: LowerContext, desc: OpDesc, x: Value): Value {
  const { g } = ctx;
  const { chIn, chOut } = conv(ctx, desc);
  const [, , h = 0, w = 0] = g.type(x).shape;
  if (h % 2 || w % 2) {
    const remedy = "choose an input size or number of reductions that keeps sizes even";
    throw opError(ctx, desc, `halves the image and needs even height and width but got ${h}x${w}; ${remedy}`);
  }
  if (chOut % 2) throw opError(ctx, desc, `needs an even number of output channels but has ch_out ${chOut}`);
  const active = relu(ctx, x);
  const half = (module: string, offset: number) => {
    const pixels = g.add("strided_slice", [active], { start: [offset, offset], stride: [2, 2] });
    return conv2d(ctx, module, pixels, { chIn, chOut: chOut / 2, kernel: 1 });
  };
  return batchNorm(ctx, "bn", g.add("concat", [half("conv_1", 0), half("conv_2", 1)], {}));
}

export const convolutions: readonly Op[] = [
  sepConv(3),
  sepConv(5),
  sepConv(7),
  dilConv(3),
  dilConv(5),
  conv7x1x7,
  convBnRelu(1),
  convBnRelu(3),
  preprNormal,
  unaryOp("prepr_reduce", factorizedReduce),
];
