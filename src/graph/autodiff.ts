import { SupernetError } from "../errors.ts";
import { GraphBuilder } from "./builder.ts";
import { type OpDef, opDefs } from "./ops/index.ts";
import type { Graph, Node, OpName, Value } from "./types.ts";

/**
 * Reverse-mode differentiation as a graph-to-graph transformation: returns a builder that holds `graph` and, after it, the
 * nodes of the gradients of a scalar (or of any tensor, given the gradient that reaches it).
 *
 * Contributions to one value are summed by a single n-ary `add`, in the order of the uses, so that results do not depend
 * on the order in which rules run.
 *
 * @param graph    forward graph
 * @param seeds    values with the gradients that arrive at them; values of `graph` itself (add fills or inputs before)
 * @param wrt      values to differentiate by
 * @returns the extended builder and, per `wrt`, its gradient; `undefined` where nothing flows
 * @throws SupernetError("graph") when a gradient reaches an op that has none
 */
export function differentiate(
  graph: Graph,
  seeds: readonly { readonly value: Value; readonly gradient: Value }[],
  wrt: readonly Value[],
): { builder: GraphBuilder; gradients: (Value | undefined)[] } {
  const builder = GraphBuilder.extend(graph);
  const active = reaches(graph.nodes, wrt);
  const contributions = new Map<Value, Value[]>();
  const contribute = (value: Value, gradient: Value) => {
    const list = contributions.get(value);
    if (list) list.push(gradient);
    else contributions.set(value, [gradient]);
  };
  for (const { value, gradient } of seeds) contribute(value, gradient);

  const total = (value: Value): Value | undefined => {
    const list = contributions.get(value);
    if (!list || list.length < 2) return list?.[0];
    // Users were visited last to first; sum them first to last.
    const sum = builder.add("add", list.toReversed(), {});
    contributions.set(value, [sum]);
    return sum;
  };

  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const value = index as Value;
    if (!active.has(value) || !contributions.has(value)) continue;
    const node = graph.nodes[index]!;
    if (!node.inputs.some((input) => active.has(input))) continue;
    const rule = (opDefs[node.op] as OpDef<OpName>).vjp;
    if (!rule) {
      const where = node.scope ? ` in ${node.scope}` : "";
      throw new SupernetError(
        "graph",
        `${node.op}${where}: no gradient is defined for this op; use stop_gradient before it`,
      );
    }
    builder.scoped(node.scope, () => {
      const dy = total(value)!;
      const needs = (input: number) => active.has(node.inputs[input]!);
      const gradients = rule({ g: builder, node, value, dy, needs });
      // Last input first, so that reversing restores the order of uses within a node too.
      for (let input = gradients.length - 1; input >= 0; input--) {
        const gradient = gradients[input];
        if (gradient !== undefined && needs(input)) contribute(node.inputs[input]!, gradient);
      }
    });
  }
  return { builder, gradients: wrt.map((value) => total(value)) };
}

/** Values from which one of `targets` is reachable backwards, i.e. values that depend on a target. */
function reaches(nodes: readonly Node[], targets: readonly Value[]): Set<Value> {
  const active = new Set<Value>(targets);
  nodes.forEach((node, index) => {
    if (node.inputs.some((input) => active.has(input))) active.add(index as Value);
  });
  return active;
}
