import { expect } from "vitest";
import type { Graph, Node, OpAttrs, Output, Value } from "../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import type { Backend } from "./support.ts";

/**
 * Gradients of ReLU and max pooling hang on decisions: is x above zero, which pixel of the window is largest. Where two
 * pixels are as close as the rounding of their sums, any f32 implementation may decide either way, and then a whole term
 * of the gradient goes elsewhere: the difference is no longer one of rounding. The golden data leave out samples on which
 * the reference's own f32 and f64 runs decide differently, yet another summation order may.
 *
 * `sameDecisions` separates the two. It asks a backend for the decisions it made, and evaluates the gradients in double
 * precision with these decisions instead of its own. What the backend has computed must agree with that, and every
 * decision that differs must have been a tie within rounding.
 */

/** How far apart two values may be, relative to the largest of their tensor, that rounding may put in either order. */
const TIE = 1e-5;

interface Decision {
  /** The node that uses the decision: `max_pool_argmax` itself, or a `relu_dx`. */
  readonly node: number;
  readonly name: string;
  /** The tensor decided about: the pooled image, or the ReLU's result. */
  readonly about: Value;
  readonly kind: "argmax" | "sign";
}

function decisionsOf(graph: Graph): Decision[] {
  return graph.nodes.flatMap((node, index): Decision[] => {
    const name = `decision/${index}`;
    if (node.op === "max_pool_argmax") return [{ node: index, name, about: node.inputs[0] as Value, kind: "argmax" }];
    if (node.op === "relu_dx") return [{ node: index, name, about: node.inputs[1] as Value, kind: "sign" }];
    return [];
  });
}

/** The tensor a decision can be read off: offsets of the largest pixels, or values whose sign counts. */
const decided = ({ node, about, kind }: Decision): Value => (kind === "argmax" ? (node as Value) : about);

function withDecisionsOut(graph: Graph, decisions: readonly Decision[]): Graph {
  const outputs = decisions.map((decision): Output => ({ name: decision.name, value: decided(decision) }));
  return { ...graph, outputs: [...graph.outputs, ...outputs] };
}

/** The graph with its decisions as inputs, and as outputs what they were about. */
function withDecisionsIn(graph: Graph, decisions: readonly Decision[]): Graph {
  const byNode = new Map(decisions.map((decision) => [decision.node, decision]));
  const nodes: Node[] = [];
  const moved: Value[] = [];
  const input = (name: string, like: Node): Value => {
    const node: Node<"input"> = {
      op: "input",
      inputs: [],
      attrs: { name, type: like.type },
      type: like.type,
      scope: "",
    };
    return (nodes.push(node) - 1) as Value;
  };
  for (const [index, node] of graph.nodes.entries()) {
    const inputs = node.inputs.map((value) => moved[value] as Value);
    const decision = byNode.get(index);
    if (decision?.kind === "argmax") {
      moved.push(input(decision.name, node));
      continue;
    }
    if (decision) inputs[1] = input(decision.name, graph.nodes[decision.about] as Node);
    moved.push((nodes.push({ ...node, inputs }) - 1) as Value);
  }
  const outputs = graph.outputs.map((output) => ({ ...output, value: moved[output.value] as Value }));
  const about = decisions.map(({ name, about }) => ({ name: `about ${name}`, value: moved[about] as Value }));
  return { nodes, params: graph.params, outputs: [...outputs, ...about] };
}

/**
 * Runs the graph on the backend and, with the decisions it made, in double precision.
 * @returns outputs by name of both runs
 */
export async function sameDecisions(
  backend: Backend,
  graph: Graph,
  feeds: Feeds,
): Promise<{ actual: ReadonlyMap<string, ArrayLike<number>>; exact: ReadonlyMap<string, ArrayLike<number>> }> {
  const decisions = decisionsOf(graph);
  const actual = await backend.run(withDecisionsOut(graph, decisions), feeds);
  const made = Object.fromEntries(decisions.map(({ name }) => [name, actual.get(name) ?? []]));
  const exact = evaluateReference(withDecisionsIn(graph, decisions), {
    ...feeds,
    inputs: { ...feeds.inputs, ...made },
  });
  for (const decision of decisions) {
    const about = exact.get(`about ${decision.name}`) ?? new Float64Array();
    const gap = widestGap(graph, decision, made[decision.name] ?? [], about);
    expect(gap, `${decision.name} (${graph.nodes[decision.node]?.scope}) was no tie`).toBeLessThan(TIE);
  }
  return { actual, exact };
}

/** Largest difference, relative to the tensor's largest value, between what was decided for and what should have been. */
function widestGap(graph: Graph, decision: Decision, made: ArrayLike<number>, about: Float64Array): number {
  let largest = Number.MIN_VALUE;
  for (const value of about) largest = Math.max(largest, Math.abs(value));
  let gap = 0;
  if (decision.kind === "sign") {
    for (const [i, value] of about.entries()) {
      if (value > 0 !== (made[i] ?? 0) > 0) gap = Math.max(gap, Math.abs(value - (made[i] ?? 0)));
    }
    return gap / largest;
  }
  const node = graph.nodes[decision.node] as Node<"max_pool_argmax">;
  const [, , h = 0, w = 0] = graph.nodes[decision.about]?.type.shape ?? [];
  const [, , outH = 0, outW = 0] = node.type.shape;
  for (let i = 0; i < made.length; i++) {
    const plane = Math.floor(i / (outH * outW));
    const [y, x] = [Math.floor(i / outW) % outH, i % outW];
    const window = pixels(node.attrs, y, x, h, w).map(({ offset, at }) => ({
      offset,
      value: about[plane * h * w + at] ?? 0,
    }));
    const chosen = window.find(({ offset }) => offset === made[i]);
    const best = Math.max(...window.map(({ value }) => value));
    gap = Math.max(gap, chosen === undefined ? Number.POSITIVE_INFINITY : best - chosen.value);
  }
  return gap / largest;
}

/** The real pixels of a pooling window: their offset in it and in the plane. */
function pixels({ kernel, stride, padding }: OpAttrs["max_pool"], y: number, x: number, h: number, w: number) {
  const found: { offset: number; at: number }[] = [];
  for (let ky = 0; ky < kernel[0]; ky++) {
    for (let kx = 0; kx < kernel[1]; kx++) {
      const [iy, ix] = [y * stride[0] - padding[0] + ky, x * stride[1] - padding[1] + kx];
      if (iy >= 0 && iy < h && ix >= 0 && ix < w) found.push({ offset: ky * kernel[1] + kx, at: iy * w + ix });
    }
  }
  return found;
}
