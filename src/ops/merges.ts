import type { OpDesc } from "../desc/model-desc.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";
import { convBn } from "./layers.ts";
import { conv, opError } from "./op.ts";

function joinLast(ctx: LowerContext, desc: OpDesc, states: readonly Value[]): Value {
  const count = desc.params.outStates;
  if (count === undefined || count < 1 || count > states.length) {
    throw opError(ctx, desc, `needs params.out_states between 1 and the ${states.length} states, not ${count}`);
  }
  return ctx.g.add("concat", states.slice(-count), {});
}

/** The last `out_states` states side by side along channels. */
const concateChannels: Op = {
  name: "concate_channels",
  canDropPath: true,
  lower: joinLast,
};

/** The same, then a pointwise convolution and batch norm to `ch_out` channels. */
const projChannels: Op = {
  name: "proj_channels",
  canDropPath: true,
  lower: (ctx, desc, states) => convBn(ctx, "_op", 0, joinLast(ctx, desc, states), { ...conv(ctx, desc), kernel: 1 }),
};

/** What makes a cell's output of its states. */
export const merges: readonly Op[] = [concateChannels, projChannels];
