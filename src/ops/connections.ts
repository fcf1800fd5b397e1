import type { OpDesc } from "../desc/model-desc.ts";
import { dims4, planes } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";
import { factorizedReduce } from "./convolutions.ts";
import { conv, opError, stride, unaryOp } from "./op.ts";

function requireSameChannels(ctx: LowerContext, desc: OpDesc): void {
  const { chIn, chOut } = conv(ctx, desc);
  if (chIn === chOut) return;
  const remedy = "set both alike, or use prepr_normal to change the number of channels";
  throw opError(ctx, desc, `passes its input on and needs ch_in = ch_out but has ${chIn} and ${chOut}; ${remedy}`);
}

const identity = unaryOp(
  "identity",
  (ctx, desc, x) => {
    requireSameChannels(ctx, desc);
    if (stride(desc) !== 1) {
      throw opError(ctx, desc, `needs stride 1 but has ${stride(desc)}; use skip_connect to reduce the image`);
    }
    return x;
  },
  false,
);

/** The identity; with a stride, the cheapest thing that halves the image. */
const skipConnect = unaryOp(
  "skip_connect",
  (ctx, desc, x) => {
    if (stride(desc) === 1) {
      requireSameChannels(ctx, desc);
      return x;
    }
    return ctx.child("_op", (sub) => factorizedReduce(sub, desc, x));
  },
  false,
);

/** Zeros: the choice of no connection. */
const none = unaryOp("none", (ctx, desc, x) => {
  const [n, c, h, w] = dims4(ctx.g.type(x));
  const step = stride(desc);
  return ctx.g.add("fill", [], { type: planes([n, c, Math.ceil(h / step), Math.ceil(w / step)]), value: 0 });
});

export const connections = [identity, skipConnect, none];
