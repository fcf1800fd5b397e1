import type { Graph, Value } from "../types.ts";
import { depthwiseBundle, isDepthwise } from "./bundle-depthwise.ts";
import { isPointwise, pointwiseBundle } from "./bundle-pointwise.ts";
import { regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * Depthwise and 1x1 convolutions without siblings become bundles of one: these fold the activation before them and yield
 * statistics on the way just the same. To be run when no more siblings can be found.
 */
export const loneConvolutions: Pass = {
  name: "lone-convolutions",
  run(graph: Graph): Graph {
    const groups = graph.nodes.flatMap((node, index) => {
      if (isDepthwise(graph, node)) return [depthwiseBundle(graph, [index as Value])];
      if (isPointwise(graph, node)) return [pointwiseBundle(graph, [index as Value])];
      return [];
    });
    return regroup(graph, groups);
  },
};
