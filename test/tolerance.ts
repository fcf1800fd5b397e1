import { GraphBuilder } from "../src/graph/builder.ts";
import { elements, type Graph, type Value } from "../src/graph/types.ts";
import type { Feeds } from "../src/runtime/feeds.ts";
import { evaluateReference } from "../src/runtime/reference/index.ts";

/**
 * Compares what a backend made of a graph with the definition: every output of `defined`.
 * @throws Error that names the first number that is wrong
 */
export function compare(
  defined: Graph,
  feeds: Feeds,
  actual: ReadonlyMap<string, ArrayLike<number>>,
  expected = evaluateReference(defined, feeds),
): void {
  const names = (outputs: ReadonlyMap<string, unknown>) => [...outputs.keys()].sort().join(", ");
  if (names(actual) !== names(expected)) throw new Error(`outputs are ${names(actual)}, not ${names(expected)}`);
  const boundOf = tolerance(defined, feeds);
  for (const [name, want] of expected) {
    const got = actual.get(name)!;
    if (got.length !== want.length) throw new Error(`${name} has ${got.length} elements, not ${want.length}`);
    const bound = boundOf(want);
    // Not `>`: NaN must fail.
    const wrong = want.findIndex((value, index) => !(Math.abs(value - got[index]!) <= bound));
    if (wrong >= 0) throw new Error(`${name}[${wrong}] is ${got[wrong]}, not ${want[wrong]} +- ${bound}`);
  }
}

/**
 * How far a correct kernel may be off: a result is a sum of at most T rounded terms, whose errors (2^-24 of the largest
 * term each, either sign) add up like sqrt(T); 8 covers the few roundings inside a term and the 3 to 4 ulp that WGSL
 * grants exp and inverse square root. Batch norm divides a difference by a standard deviation, so its terms are
 * larger than its inputs and results by up to max |x| / std.
 */
function tolerance(graph: Graph, feeds: Feeds): (want: Float64Array) => number {
  const terms = Math.max(...graph.nodes.map((node) => elements(node.type)));
  const fed = Math.max(1, ...Object.values({ ...feeds.inputs, ...feeds.params }).map((data) => largest(data)));
  const factor = 8 * 2 ** -24 * Math.sqrt(terms) * amplification(graph, feeds);
  return (want) => factor * (largest(want) + fed);
}

function amplification(graph: Graph, feeds: Feeds): number {
  const builder = GraphBuilder.extend({ ...graph, outputs: [] });
  graph.nodes.forEach(({ op }, index) => {
    if (op === "bn_stats" || op === "bn_running") builder.output(`stats${index}`, index as Value);
  });
  const all = [...evaluateReference(builder.build(), feeds).values()];
  return 1 + Math.max(0, ...all.map((stats) => largest(stats.subarray(stats.length / 3, (2 * stats.length) / 3))));
}

const largest = (data: ArrayLike<number>) => {
  let result = 0;
  for (let index = 0; index < data.length; index++) result = Math.max(result, Math.abs(data[index]!));
  return result;
};
