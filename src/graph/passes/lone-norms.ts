import { mixtures } from "./mix-terms.ts";
import type { Pass } from "./rewrite.ts";

/** A batch norm that no sum and no load took in is a sum of one term. */
export const loneNorms: Pass = {
  name: "lone-norms",
  run: (graph) => mixtures(graph, ["bn_apply"]),
};
