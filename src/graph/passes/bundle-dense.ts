import type { Conv2dAttrs, Node } from "../types.ts";
import { isPointwise } from "./bundle-pointwise.ts";
import { bundles, splitAs } from "./channels.ts";
import { groupBy, regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/** Dense convolutions of one tensor with windows alike, such as the two stems of a network, become one op. */
export const bundleDense: Pass = {
  name: "bundle-dense",
  run(graph) {
    const siblings = groupBy(graph, (node) => {
      if (node.op !== "conv2d" || isPointwise(graph, node)) return undefined;
      const { groups: channelGroups, ...window } = node.attrs as Conv2dAttrs;
      const [, ...filter] = graph.nodes[node.inputs[1]!]!.type.shape;
      // Linear layers have weights of two dimensions.
      if (channelGroups !== 1 || filter.length !== 3) return undefined;
      return `${node.inputs[0]}/${filter}/${JSON.stringify(window)}`;
    });
    return regroup(
      graph,
      bundles(graph, siblings).map((members) => {
        const nodes = members.map((member) => graph.nodes[member] as Node<"conv2d">);
        return {
          members,
          build(g, moved) {
            const { groups: _, ...attrs } = nodes[0]!.attrs;
            const weights = nodes.map(({ inputs }) => moved(inputs[1]!));
            const wide = g.add("dense", [moved(nodes[0]!.inputs[0]!), ...weights], attrs);
            return splitAs(g, wide, nodes);
          },
        };
      }),
    );
  },
};
