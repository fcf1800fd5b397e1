import type { Node, Window2d } from "../types.ts";
import { split } from "./channels.ts";
import { groupBy, regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/** The largest and the mean of the same windows of one state are computed together. */
export const poolPairs: Pass = {
  name: "pool-pairs",
  run(graph) {
    const pairs = groupBy(graph, ({ op, inputs: [x], attrs, type }) => {
      if (op !== "max_pool" && op !== "avg_pool") return undefined;
      const { kernel, stride, padding } = attrs as Window2d;
      return type.shape[1]! % 4 === 0 ? `${x}/${kernel}/${stride}/${padding}` : undefined;
    }).filter((members) => members.length === 2 && graph.nodes[members[0]!]!.op !== graph.nodes[members[1]!]!.op);
    return regroup(
      graph,
      pairs.map((members) => {
        const nodes = members.map((member) => graph.nodes[member] as Node<"max_pool">);
        const [{ inputs, attrs, type }] = nodes as [Node<"max_pool">];
        const channels = type.shape[1]!;
        return {
          members,
          build(g, moved) {
            const { kernel, stride, padding } = attrs;
            const wide = g.add("pool_pair", [moved(inputs[0]!)], { kernel, stride, padding });
            const [max, mean] = split(g, wide, [channels, channels]);
            return nodes.map(({ op }) => ((op as string) === "max_pool" ? max! : mean!));
          },
        };
      }),
    );
  },
};
