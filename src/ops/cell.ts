import type { CellDesc, EdgeDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";
import { lowerDropPath } from "./drop-path.ts";

/** Lowers one edge. In a model built with drop path, every op that may be dropped is wrapped. */
function lowerEdge(ctx: LowerContext, { inputIds, opDesc }: EdgeDesc, states: readonly Value[]): Value {
  const inputs = inputIds.map((id) => {
    const state = states[id];
    if (state !== undefined) return state;
    throw new SupernetError("desc", `${ctx.prefix} reads state ${id}, but only ${states.length} exist before it`);
  });
  const wrapped = ctx.options.dropPath !== "none" && ctx.findOp(opDesc.name).canDropPath;
  const y = ctx.child(wrapped ? "_wrapped.0" : "_wrapped", (sub) => sub.lowerOp(opDesc, inputs));
  return wrapped ? lowerDropPath(ctx, y) : y;
}

/**
 * Lowers a cell: each node is the sum of its edges, over the states before it; the post op joins the nodes.
 * @param s0 output of the cell before last
 * @param s1 output of the last cell
 * @throws SupernetError("desc") for a node without edges, a state that does not exist, or what an op objects to
 */
export function lowerCell(ctx: LowerContext, desc: CellDesc, s0: Value, s1: Value): Value {
  const [stem0, stem1] = desc.stems;
  if (!stem0 || !stem1) throw new SupernetError("desc", `${ctx.prefix} needs two stems but has ${desc.stems.length}`);
  const states = [ctx.child("s0_op", (sub) => sub.lowerOp(stem0, [s0]))];
  states.push(ctx.child("s1_op", (sub) => sub.lowerOp(stem1, [s1])));
  for (const [i, node] of desc.nodes.entries()) {
    const edges = node.edges.map((edge, j) => ctx.child(`dag.${i}.${j}`, (sub) => lowerEdge(sub, edge, states)));
    const [first] = edges;
    if (first === undefined) {
      throw new SupernetError("desc", `node ${i} of ${ctx.prefix} has no edges; a finished description gives it some`);
    }
    states.push(edges.length === 1 ? first : ctx.child(`dag.${i}`, (sub) => sub.g.add("add", edges, {})));
    const candidates = ctx.takeCandidates();
    if (candidates.length > 0) {
      ctx.child(`dag.${i}`, (sub) => sub.options.onCandidates?.(sub.g, `${desc.id}.${i}`, candidates));
    }
  }
  return ctx.child("post_op", (sub) => sub.lowerOp(desc.postOp, states));
}
