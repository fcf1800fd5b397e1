import type { ConvMacroParams, OpDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op } from "./context.ts";

/** An op that reads one state. */
export function unaryOp(
  name: string,
  lower: (ctx: LowerContext, desc: OpDesc, x: Value) => Value,
  canDropPath = true,
): Op {
  return {
    name,
    canDropPath,
    lower: (ctx, desc, inputs) => lower(ctx, desc, soleInput(ctx, desc, inputs)),
  };
}

/** The state that an op reads. @throws SupernetError("desc") unless it is one */
export function soleInput(ctx: LowerContext, desc: OpDesc, inputs: readonly Value[]): Value {
  const [x] = inputs;
  if (x === undefined || inputs.length !== 1) throw opError(ctx, desc, `reads 1 state but got ${inputs.length}`);
  return x;
}

/** @throws SupernetError("desc") when the description lacks `params.conv`. */
export function conv(ctx: LowerContext, desc: OpDesc): ConvMacroParams {
  if (!desc.params.conv) throw opError(ctx, desc, "needs params.conv with the channels in and out");
  return desc.params.conv;
}

export function stride(desc: OpDesc): number {
  return desc.params.stride ?? 1;
}

export function opError(ctx: LowerContext, desc: OpDesc, message: string): SupernetError {
  const where = ctx.prefix ? ` at ${ctx.prefix}` : "";
  return new SupernetError("desc", `op ${desc.name}${where} ${message}`);
}
