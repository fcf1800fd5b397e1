import type { Value } from "../graph/types.ts";
import type { Op } from "./context.ts";
import { convBn } from "./layers.ts";
import { conv, opError } from "./op.ts";

/**
 * Several ops (`children`), each on one of the inputs (`children_ins`); their results are joined along channels and
 * brought back to `ch_out` by a pointwise convolution and batch norm.
 */
export const multiOp: Op = {
  name: "multi_op",
  canDropPath: true,
  lower: (ctx, desc, inputs) => {
    const { children, childrenIns } = desc;
    if (!children?.length || childrenIns?.length !== children.length) {
      throw opError(ctx, desc, "needs children and, for each of them, the index of its input in children_ins");
    }
    const values = children.map((child, i): Value => {
      const x = inputs[childrenIns[i] ?? -1];
      if (x === undefined) {
        throw opError(ctx, desc, `has ${inputs.length} inputs but children_ins[${i}] is ${childrenIns[i]}`);
      }
      return ctx.child(`_ops.${i}`, (sub) => sub.lowerOp(child, [x]));
    });
    const { chOut } = conv(ctx, desc);
    const joined = ctx.g.add("concat", values, {});
    const chIn = ctx.g.type(joined).shape[1] ?? 0;
    return ctx.child("_ch_adj", (sub) => convBn(sub, "_op", 0, joined, { chIn, chOut, kernel: 1 }));
  },
};
