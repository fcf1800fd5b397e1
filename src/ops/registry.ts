import { nearestName } from "../config/nearest.ts";
import { SupernetError } from "../errors.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import { connections } from "./connections.ts";
import { LowerContext, type LowerOptions, type Op } from "./context.ts";
import { convolutions } from "./convolutions.ts";
import { linearOp } from "./linear.ts";
import { merges } from "./merges.ts";
import { mixedOps } from "./mixed.ts";
import { multiOp } from "./multi.ts";
import { nasbench101Ops } from "./nasbench101.ts";
import { petridishOps } from "./petridish.ts";
import { pools } from "./pools.ts";
import { stems } from "./stems.ts";

/** Every op a model description may name. */
export const registry: ReadonlyMap<string, Op> = new Map(
  [
    ...convolutions,
    ...pools,
    ...connections,
    ...stems,
    ...merges,
    linearOp,
    multiOp,
    ...mixedOps,
    ...petridishOps,
    ...nasbench101Ops,
  ].map((op) => [op.name, op]),
);

/** @throws SupernetError("desc") naming the nearest op when there is none of that name */
export function findOp(name: string): Op {
  const op = registry.get(name);
  if (op) return op;
  const near = nearestName(name, registry.keys());
  const hint = near ? `did you mean "${near}"?` : `known ops: ${[...registry.keys()].join(", ")}`;
  throw new SupernetError("desc", `there is no op "${name}"; ${hint}`);
}

/** The context of a model's top module: parameters are named from here. */
export function lowerInto(g: GraphBuilder, options: LowerOptions): LowerContext {
  return new LowerContext(g, findOp, options);
}
