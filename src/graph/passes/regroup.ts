import { GraphBuilder } from "../builder.ts";
import type { Graph, Node, Value } from "../types.ts";

/** Sibling nodes that are to become one. None of them may depend on another. */
export interface Group {
  readonly members: readonly Value[];
  /**
   * Adds the node that replaces them.
   * @param moved the new value of one of the old graph
   * @returns the new value of each member
   */
  build(g: GraphBuilder, moved: (old: Value) => Value): readonly Value[];
}

/**
 * Rewrites a graph in which groups of nodes become single ones. A group is built when the first user of a member needs it,
 * at the latest where its last member stood; what its members read is moved ahead where necessary. All other nodes keep
 * their order.
 */
export function regroup(graph: Graph, groups: readonly Group[]): Graph {
  if (groups.length === 0) return graph;
  const groupOf = new Map<Value, Group>();
  for (const group of groups) for (const member of group.members) groupOf.set(member, group);
  const g = new GraphBuilder();
  const moved = new Map<Value, Value>();

  const emit = (value: Value): Value => {
    const known = moved.get(value);
    if (known !== undefined) return known;
    const node = graph.nodes[value]!;
    const group = groupOf.get(value);
    if (!group) {
      const inputs = node.inputs.map(emit);
      const copy = g.scoped(node.scope, () => g.add(node.op, inputs, node.attrs));
      moved.set(value, copy);
      return copy;
    }
    const scope = commonScope(group.members.map((member) => graph.nodes[member]!));
    const values = g.scoped(scope, () => group.build(g, emit));
    group.members.forEach((member, index) => {
      moved.set(member, values[index]!);
    });
    return moved.get(value)!;
  };

  graph.nodes.forEach((_, index) => {
    const members = groupOf.get(index as Value)?.members;
    if (!members || members.at(-1) === index) emit(index as Value);
  });
  const outputs = graph.outputs.map((output) => ({ ...output, value: emit(output.value) }));
  return { nodes: g.build().nodes, outputs, params: graph.params };
}

/** The part that all module names have in common, whole names between dots. */
function commonScope(nodes: readonly Node[]): string {
  const [first = [], ...rest] = nodes.map(({ scope }) => scope.split("."));
  const length = first.findIndex((name, index) => rest.some((names) => names[index] !== name));
  return (length < 0 ? first : first.slice(0, length)).join(".");
}

/** Indices of nodes by a key; nodes without a key are left out. */
export function groupBy(graph: Graph, keyOf: (node: Node, value: Value) => string | undefined): Value[][] {
  const groups = new Map<string, Value[]>();
  graph.nodes.forEach((node, index) => {
    const key = keyOf(node, index as Value);
    if (key === undefined) return;
    const group = groups.get(key);
    if (group) group.push(index as Value);
    else groups.set(key, [index as Value]);
  });
  return [...groups.values()];
}

/** Nodes that read each value, in order. */
export function usersOf(graph: Graph): Map<Value, Value[]> {
  const users = new Map<Value, Value[]>();
  graph.nodes.forEach((node, index) => {
    for (const input of new Set(node.inputs)) {
      const list = users.get(input);
      if (list) list.push(index as Value);
      else users.set(input, [index as Value]);
    }
  });
  return users;
}
