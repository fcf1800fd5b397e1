import { SupernetError } from "../../errors.ts";
import type { Graph } from "../types.ts";
import { commonSubexpressions } from "./common-subexpressions.ts";
import { constantFolding } from "./constant-folding.ts";
import { deadCode } from "./dead-code.ts";
import type { Pass } from "./rewrite.ts";

export type { Pass } from "./rewrite.ts";

/** All passes in the order in which they run. */
export const passes: readonly Pass[] = [constantFolding, commonSubexpressions, deadCode];

/**
 * Runs the passes until none of them makes the graph shorter. To be called on a graph that already holds its gradients
 * (`differentiate`); what the outputs mean stays, and so does the list of parameters.
 *
 * @param options.without names of passes to leave out, to compare results or to look for a fault
 * @throws SupernetError("graph") when there is no pass of such a name
 */
export function optimize(graph: Graph, options: { readonly without?: readonly string[] } = {}): Graph {
  const without = options.without ?? [];
  for (const name of without) {
    if (!passes.some((pass) => pass.name === name)) {
      const names = passes.map((pass) => pass.name).join(", ");
      throw new SupernetError("graph", `there is no graph pass "${name}"; the passes are ${names}`);
    }
  }
  const chosen = passes.filter((pass) => !without.includes(pass.name));
  let result = graph;
  for (;;) {
    const before = result.nodes.length;
    for (const pass of chosen) result = pass.run(result);
    if (result.nodes.length >= before) return result;
  }
}
