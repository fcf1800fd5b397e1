import type { CellPlan } from "./macro.ts";
import { type NodeDesc, type OpParams, opDesc } from "./model-desc.ts";

/**
 * Nodes in which every earlier state is an input, each through an op of its own. In a reduction cell the edges from the
 * cell's two inputs stride.
 */
export function fullyConnected(plan: CellPlan, nodes: number, op: string, params: OpParams = {}): NodeDesc[] {
  const convParams = { chIn: plan.nodeChannels, chOut: plan.nodeChannels };
  return Array.from({ length: nodes }, (_, node) => ({
    convParams,
    edges: Array.from({ length: node + 2 }, (_, state) => ({
      inputIds: [state],
      opDesc: opDesc(op, { conv: convParams, stride: strideOf(plan, state), ...params }),
    })),
  }));
}

/** Stride of an edge that leaves `state`. */
export function strideOf(plan: CellPlan, state: number): number {
  return plan.type === "reduction" && state < 2 ? 2 : 1;
}
