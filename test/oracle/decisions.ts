import { expect } from "vitest";
import type { Graph, Node, OpAttrs, Output, Value } from "../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import { type Backend, largest } from "./support.ts";

/**
 * Gradients of ReLU and max pooling hang on decisions: is x above zero, which pixel of the window is largest. Where two
 * pixels are as close as the rounding of their sums, any f32 implementation may decide either way, and then a whole term
 * of the gradient goes elsewhere: the difference is no longer one of rounding. The golden data leave out samples on which
 * the reference's own f32 and f64 runs decide differently, yet another summation order may.
 *
 * `sameDecisions` separates the two. It asks a backend for the decisions it made, and evaluates the gradients in double
 * precision with these decisions instead of its own. What the backend has computed must agree with that, every decision
 * that differs must have been a tie within rounding, and ties are rare. The reference backend, which decides in double
 * precision, is held to the golden gradients themselves: so nothing is taken on the backend's word but the order of values
 * that no f32 implementation can tell apart.
 */

/** How far apart two values may be, relative to the largest of their tensor, that rounding may put in either order. */
const TIE = 1e-5;
/** Ties in one run that may have been decided otherwise. */
const MOST_TIES = 4;

interface Decision {
  /** The node that uses the decision: `max_pool_argmax` itself, or a `relu_dx`. */
  readonly node: number;
  readonly name: string;
  /** The tensor decided about: the pooled image, or the ReLU's argument. */
  readonly about: Value;
  /** The tensor the decision can be read off: offsets of the largest pixels, or the ReLU's result. */
  readonly decided: Value;
  readonly kind: "argmax" | "sign";
}

function decisionsOf(graph: Graph): Decision[] {
  return graph.nodes.flatMap((node, index): Decision[] => {
    const shared = { node: index, name: `decision/${index}` };
    if (node.op === "max_pool_argmax") {
      return [{ ...shared, about: node.inputs[0] as Value, decided: index as Value, kind: "argmax" }];
    }
    if (node.op !== "relu_dx") return [];
    const decided = node.inputs[1] as Value;
    const relu = graph.nodes[decided] as Node;
    return [{ ...shared, about: relu.op === "relu" ? (relu.inputs[0] as Value) : decided, decided, kind: "sign" }];
  });
}

function withDecisionsOut(graph: Graph, decisions: readonly Decision[]): Graph {
  const outputs = decisions.map((decision): Output => ({ name: decision.name, value: decision.decided }));
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
    if (decision) inputs[1] = input(decision.name, graph.nodes[decision.decided] as Node);
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
  // Nodes that decide about the same pixels (pools of one state in several edges) meet the same tie.
  const ties = new Set<string>();
  for (const decision of decisions) {
    const about = exact.get(`about ${decision.name}`) ?? new Float64Array();
    const scale = TIE * largest(about);
    for (const { at, gap } of differences(graph, decision, made[decision.name] ?? [], about)) {
      const place = `${decision.name} (${graph.nodes[decision.node]?.scope}), element ${at}`;
      expect(gap, `${place}, decided otherwise, is no tie`).toBeLessThanOrEqual(scale);
      ties.add(`${decision.kind} of ${decision.about}, element ${at}`);
    }
  }
  expect([...ties].slice(MOST_TIES), `ties decided otherwise, beyond ${MOST_TIES}`).toEqual([]);
  return { actual, exact };
}

/** Elements that were decided otherwise than double precision decides, with how far their candidates are apart in it. */
function differences(
  graph: Graph,
  decision: Decision,
  made: ArrayLike<number>,
  about: Float64Array,
): { at: number; gap: number }[] {
  const found: { at: number; gap: number }[] = [];
  if (decision.kind === "sign") {
    for (const [at, value] of about.entries()) {
      if (value > 0 !== (made[at] ?? Number.NaN) > 0) found.push({ at, gap: Math.abs(value) });
    }
    return found;
  }
  const node = graph.nodes[decision.node] as Node<"max_pool_argmax">;
  const [, , h = 0, w = 0] = graph.nodes[decision.about]?.type.shape ?? [];
  const [, , outH = 0, outW = 0] = node.type.shape;
  for (let at = 0; at < made.length; at++) {
    const plane = Math.floor(at / (outH * outW));
    const [y, x] = [Math.floor(at / outW) % outH, at % outW];
    const window = pixels(node.attrs, y, x, h, w).map(({ offset, at }) => ({
      offset,
      value: about[plane * h * w + at] ?? Number.NaN,
    }));
    const best = window.reduce((first, pixel) => (pixel.value > first.value ? pixel : first));
    if (made[at] === best.offset) continue;
    const chosen = window.find(({ offset }) => offset === made[at])?.value ?? Number.NEGATIVE_INFINITY;
    found.push({ at, gap: best.value - chosen });
  }
  return found;
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
