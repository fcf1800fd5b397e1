import type { Graph, MixTerm, OpAttrs, OpName, Value } from "../types.ts";
import { channelsOf, columnsOf } from "./channels.ts";
import { type Group, regroup } from "./regroup.ts";
import type { Pass } from "./rewrite.ts";
import { readersOf, transientNorms } from "./transient.ts";

/**
 * A node's output as one op: Σ weight * batch norm(branch) over all its edges and candidates. Sums and products are taken in
 * if nobody else reads them, batch norms if nobody else needs their result stored. What reads a state in several places sums
 * its gradients the same way.
 */
export const mixTerms: Pass = {
  name: "mix-terms",
  run: (graph) => mixtures(graph, ["add", "weighted_sum"]),
};

/** Makes a `mix` of every activation that one of these ops yields and that is not part of a larger one. */
export function mixtures(graph: Graph, roots: readonly OpName[]): Graph {
  const readers = readersOf(graph);
  const outputs = new Set(graph.outputs.map(({ value }) => value));
  const context: Context = {
    graph,
    single: (value) => !outputs.has(value) && readers.get(value)?.length === 1,
    transient: transientNorms(graph),
  };
  const inner = new Set<Value>();
  const groups: Group[] = [];
  // Users come after what they use: a sum is met before the sums in it.
  for (let index = graph.nodes.length - 1; index >= 0; index--) {
    const value = index as Value;
    const { op, type } = graph.nodes[value]!;
    if (inner.has(value) || !roots.includes(op) || type.layout !== "planes" || type.dtype !== "f32") continue;
    const terms = termsOf(context, value, inner);
    // A batch norm whose statistics are not those of all channels of its tensor stays what it is.
    if (terms.every(({ x }) => x !== value)) groups.push(mixture(graph, value, terms));
  }
  return regroup(graph, groups);
}

interface Context {
  readonly graph: Graph;
  /** Whether exactly one node reads the value. */
  single(value: Value): boolean;
  /** See `transientNorms`. */
  transient(value: Value): boolean;
}

/** A term in values of the graph rather than indices of inputs. */
interface Term {
  readonly x: Value;
  readonly start: number;
  readonly norm?: { readonly stats: Value; readonly batch: boolean; readonly scale: readonly Value[] };
  readonly weight?: { readonly vector: Value; readonly index: number; readonly clip?: number };
}

function termsOf({ graph, single, transient }: Context, root: Value, inner: Set<Value>): Term[] {
  const weighted = (value: Value, weight: Term["weight"]): Term[] => {
    const norm = channelsOf(graph, value).root;
    const open = value === root || (graph.nodes[norm]!.op === "bn_apply" && transient(norm));
    const term = (open ? normTerm(graph, value, weight) : undefined) ?? plainTerm(graph, value);
    return [weight ? { ...term, weight } : term];
  };
  const expand = (value: Value, isRootValue: boolean): Term[] => {
    const { op, inputs, attrs } = graph.nodes[value]!;
    const open = isRootValue || single(value);
    if (op === "add" && open) {
      inner.add(value);
      return inputs.flatMap((input) => expand(input, false));
    }
    if (op === "weighted_sum" && open) {
      inner.add(value);
      const [vector, ...summands] = inputs as [Value, ...Value[]];
      const { indices, clip } = attrs as OpAttrs["weighted_sum"];
      return summands.flatMap((summand, i) =>
        weighted(summand, { vector, index: indices[i]!, ...(clip !== undefined && { clip }) }),
      );
    }
    if (op === "scale_by" && open) {
      const [x, vector] = inputs as [Value, Value];
      return weighted(x, { vector, index: (attrs as OpAttrs["scale_by"]).index });
    }
    return weighted(value, undefined);
  };
  return expand(root, true);
}

/** A batch norm as a term; with scale and shift it cannot carry a weight as well. */
function normTerm(graph: Graph, value: Value, weight: Term["weight"]): Term | undefined {
  const { op, inputs, attrs, type } = graph.nodes[value]!;
  if (op === "channel_slice") {
    // A slice of a joined batch norm: the statistics of the same channels of what it was applied to.
    const outer = channelsOf(graph, value);
    const { op: rootOp, attrs: rootAttrs } = graph.nodes[outer.root]!;
    if (rootOp !== "bn_apply" || (rootAttrs as OpAttrs["bn_apply"]).affine) return undefined;
    const whole = normTerm(graph, outer.root, weight);
    return whole && { ...whole, start: whole.start + outer.start };
  }
  if (op !== "bn_apply") return undefined;
  const { affine, batch } = attrs as OpAttrs["bn_apply"];
  if (affine && weight) return undefined;
  const [z, stats, ...scale] = inputs as [Value, Value, ...Value[]];
  const place = channelsOf(graph, z);
  const column = columnsOf(graph, stats);
  const aligned = column.start === place.start && column.count === type.shape[1];
  const channels = (of: Value) => graph.nodes[of]!.type.shape[1];
  if (!aligned || channels(place.root) !== channels(column.root)) return undefined;
  return { x: place.root, start: place.start, norm: { stats: column.root, batch, scale } };
}

function plainTerm(graph: Graph, value: Value): Term {
  const { root, start } = channelsOf(graph, value);
  return { x: root, start };
}

function mixture(graph: Graph, root: Value, terms: readonly Term[]): Group {
  const { type } = graph.nodes[root]!;
  // Activations first: a kernel binds these, the rest is for its coefficients.
  const inputs = [
    ...new Set([
      ...terms.map(({ x }) => x),
      ...terms.flatMap(({ norm, weight }) => [
        ...(norm ? [norm.stats, ...norm.scale] : []),
        ...(weight ? [weight.vector] : []),
      ]),
    ]),
  ];
  const index = (value: Value) => inputs.indexOf(value);
  const attrs: OpAttrs["mix"] = {
    channels: type.shape[1]!,
    terms: terms.map(({ x, start, norm, weight }): MixTerm => {
      const [gamma, beta] = norm?.scale ?? [];
      return {
        x: index(x),
        start,
        ...(norm && {
          norm: {
            stats: index(norm.stats),
            batch: norm.batch,
            ...(gamma !== undefined && beta !== undefined && { gamma: index(gamma), beta: index(beta) }),
          },
        }),
        ...(weight && { weight: { ...weight, vector: index(weight.vector) } }),
      };
    }),
  };
  return { members: [root], build: (g, moved) => [g.add("mix", inputs.map(moved), attrs)] };
}
