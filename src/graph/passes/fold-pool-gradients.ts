import { dims4, type Node, type PoolTerm, type Value } from "../types.ts";
import { type Group, regroup, usersOf } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";

/**
 * The gradients by both pools of a state are factors times those of the sums that took them. The gradient by the state takes
 * the latter and the factors instead: it reads each once for both pools, and the wide product is never stored.
 */
export const foldPoolGradients: Pass = {
  name: "fold-pool-gradients",
  run(graph) {
    const users = usersOf(graph);
    const outputs = new Set(graph.outputs.map(({ value }) => value));
    const groups = graph.nodes.flatMap((node, index): Group[] => {
      if (node.op !== "pool_pair_dx") return [];
      const [dy, argmax] = node.inputs as [Value, Value];
      const gradient = graph.nodes[dy]!;
      if (gradient.op !== "mix_dx" || users.get(dy)!.length > 1 || outputs.has(dy)) return [];
      const terms = poolTerms(gradient as Node<"mix_dx">, dims4(graph.nodes[argmax]!.type)[1]);
      return terms ? [folded(index as Value, node as Node<"pool_pair_dx">, gradient.inputs.slice(1), terms)] : [];
    });
    return regroup(graph, groups);
  },
};

/**
 * Terms of the wide gradient in pairs, those by the largest values with those by the means.
 *
 * @param count channels of the state: the means lie after as many largest values
 * @returns nothing if a term is of another kind
 */
function poolTerms({ attrs }: Node<"mix_dx">, count: number): PoolTerm[] | undefined {
  const found = new Map<string, PoolTerm>();
  for (const { start: at, channels, source, row, plain } of attrs.terms) {
    const pool = at < count ? "largest" : "mean";
    const start = at % count;
    if (!plain || start + channels > count) return undefined;
    const key = `${source}/${start}`;
    const known = found.get(key) ?? { start, channels, source };
    if (known[pool] !== undefined) return undefined;
    found.set(key, { ...known, [pool]: row });
  }
  const terms = [...found.values()];
  const overlap = terms.some((a, i) =>
    terms.some((b, j) => i < j && a.source === b.source && Math.abs(a.start - b.start) < a.channels),
  );
  return overlap ? undefined : terms;
}

function folded(
  value: Value,
  { inputs, attrs }: Node<"pool_pair_dx">,
  sources: readonly Value[],
  terms: readonly PoolTerm[],
): Group {
  return {
    members: [value],
    build: (g, moved) => [g.add("pool_pair_mix_dx", [inputs[1]!, ...sources].map(moved), { ...attrs, terms })],
  };
}
