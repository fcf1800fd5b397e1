import type { CellDesc, EdgeDesc, NodeDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext, Op, PlacedOp } from "./context.ts";
import { lowerDropPath } from "./drop-path.ts";

/** An edge that has found its op and its inputs. In a model built with drop path, every op that may be dropped is wrapped. */
interface PlacedEdge extends PlacedOp {
  readonly op: Op;
  readonly wrapped: boolean;
}

/** @param name module of the edge in the cell */
function placeEdge(ctx: LowerContext, name: string, edge: EdgeDesc, states: readonly Value[]): PlacedEdge {
  return ctx.child(name, (sub) => {
    const { inputIds, opDesc: desc } = edge;
    const op = sub.findOp(desc.name);
    const inputs = inputIds.map((id) => {
      const state = states[id];
      if (state !== undefined) return state;
      throw new SupernetError("desc", `${sub.prefix} reads state ${id}, but only ${states.length} exist before it`);
    });
    const wrapped = ctx.options.dropPath !== "none" && op.canDropPath;
    const module = wrapped ? "_wrapped.0" : "_wrapped";
    return { op, wrapped, desc, inputs, within: (body) => ctx.child(name, (outer) => outer.child(module, body)) };
  });
}

/** The results of a node's edges, in order. */
function lowerEdges(ctx: LowerContext, module: string, { edges }: NodeDesc, states: readonly Value[]): Value[] {
  const placed = edges.map((edge, j) => placeEdge(ctx, `${module}.${j}`, edge, states));
  const lowered = new Map<PlacedEdge, Value>();
  return placed.map((edge, j) => {
    const { op, wrapped } = edge;
    if (!lowered.has(edge)) {
      const group = op.lowerTogether ? placed.filter((other) => other.op === op) : [edge];
      const values = op.lowerTogether?.(group) ?? [lowerAlone(edge)];
      group.forEach((one, k) => {
        lowered.set(one, values[k]!);
      });
    }
    const y = lowered.get(edge)!;
    return wrapped ? ctx.child(`${module}.${j}`, (sub) => lowerDropPath(sub, y)) : y;
  });
}

const lowerAlone = ({ op, desc, inputs, within }: PlacedEdge): Value => within((sub) => op.lower(sub, desc, inputs));

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
    const edges = lowerEdges(ctx, `dag.${i}`, node, states);
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
