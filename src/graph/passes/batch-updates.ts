import { elements, type Node, type Value } from "../types.ts";
import { columnsOf } from "./channels.ts";
import { regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/** All running statistics of a model are updated by one op at the end of its forward pass. */
export const batchUpdates: Pass = {
  name: "batch-updates",
  run(graph) {
    const members = graph.nodes.flatMap(({ op }, index) => (op === "bn_update" ? [index as Value] : []));
    if (members.length < 2) return graph;
    const nodes = members.map((member) => graph.nodes[member] as Node<"bn_update">);
    const places = nodes.map(({ inputs }) => columnsOf(graph, inputs[1]!));
    const roots = [...new Set(places.map(({ root }) => root))];
    return regroup(graph, [
      {
        members,
        build(g, moved) {
          const running = nodes.map(({ inputs }) => moved(inputs[0]!));
          const all = g.add("bn_updates", [...running, ...roots.map(moved)], {
            updates: nodes.map(({ attrs }, index) => ({
              stats: running.length + roots.indexOf(places[index]!.root),
              start: places[index]!.start,
              ...attrs,
            })),
          });
          let start = 0;
          return nodes.map(({ type }) => {
            start += elements(type);
            return g.add("flat_slice", [all], { start: start - elements(type), shape: type.shape });
          });
        },
      },
    ]);
  },
};
