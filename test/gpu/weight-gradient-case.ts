import { depthwiseRange } from "../../src/graph/ops/depthwise.ts";
import type { ReadRange } from "../../src/graph/ops/load.ts";
import { pointwiseRange } from "../../src/graph/ops/pointwise-conv.ts";
import {
  type DepthwiseBranch,
  elements,
  flat,
  type OpAttrs,
  type PointwiseBranch,
  planes,
  type Value,
} from "../../src/graph/types.ts";
import { CaseBuilder, type OpCase } from "../cases/case.ts";
import { type LoadKind, loadCase } from "../cases/load.ts";

/** A weight gradient by its numbers; printed as it is when a property fails. */
export interface Gradient {
  readonly op: "depthwise_dw" | "pointwise_dw";
  readonly attrs: Pick<OpAttrs["depthwise_dw"], "stride"> & { readonly branches: readonly unknown[] };
  /** What the branches read of x, and the shapes of x and of the gradient by the result. */
  readonly range: ReadRange;
  readonly x: readonly number[];
  readonly dy: readonly number[];
  /** Of each branch's weight. */
  readonly weights: readonly (readonly number[])[];
}

export interface Case extends Gradient {
  readonly kind: LoadKind;
  readonly seed: number;
}

export type Pair = readonly [number, number];

/** @param unread channels of x after those that are read */
export function depthwise(
  samples: number,
  size: Pair,
  stride: Pair,
  branches: readonly DepthwiseBranch[],
  unread = 0,
): Gradient {
  const [{ kernel, padding, dilation }] = branches as [DepthwiseBranch];
  const out = ([0, 1] as const).map(
    (axis) => Math.floor((size[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1,
  );
  const range = depthwiseRange({ branches, stride, load: { relu: false } });
  return {
    op: "depthwise_dw",
    attrs: { branches, stride },
    range,
    x: [samples, range.end + unread, ...size],
    dy: [samples, branches.reduce((sum, { channels }) => sum + channels, 0), ...out],
    weights: branches.map(({ channels, kernel }) => [channels, 1, ...kernel]),
  };
}

/** @param more channels, rows and columns of x beyond those that are read */
export function pointwise(
  samples: number,
  size: Pair,
  stride: Pair,
  branches: readonly PointwiseBranch[],
  more: readonly [number, number, number] = [0, 0, 0],
): Gradient {
  const range = pointwiseRange({ branches, stride, load: { relu: false } });
  const side = (axis: 0 | 1) =>
    Math.max(...branches.map(({ offset }) => offset[axis])) + stride[axis] * (size[axis] - 1) + 1 + more[1 + axis]!;
  return {
    op: "pointwise_dw",
    attrs: { branches, stride },
    range,
    x: [samples, range.end + more[0], side(0), side(1)],
    dy: [samples, branches.reduce((sum, { outputs }) => sum + outputs, 0), ...size],
    weights: branches.map(({ inputs, outputs }) => [outputs, inputs, 1, 1]),
  };
}

/** The gradient by all weights, loaded as the case says. */
function gradientNode({ op, attrs, range, x, dy, kind, seed }: Case): { readonly b: CaseBuilder; readonly dw: Value } {
  const b = new CaseBuilder(seed);
  const loaded = loadCase(b, kind, x, range);
  const inputs = [loaded.x, ...loaded.inputs, b.constant("dy", planes(dy))];
  return { b, dw: b.g.add(op, inputs, { ...attrs, load: loaded.load } as OpAttrs[typeof op]) };
}

export function build(drawn: Case): OpCase {
  const { b, dw } = gradientNode(drawn);
  return b.done(dw);
}

/** The gradient cut into what belongs to each weight; every slice leaves for its arena slot. */
export function leaving(drawn: Case, use: (b: CaseBuilder, slices: readonly Value[]) => void) {
  const { b, dw } = gradientNode(drawn);
  let start = 0;
  const slices = drawn.weights.map((shape, index) => {
    const name = `w${index}`;
    b.param(name, shape);
    const slice = b.g.add("flat_slice", [dw], { start, shape });
    start += elements(flat(shape));
    b.g.output(name, slice, { arena: "grad", param: name });
    return slice;
  });
  use(b, slices);
  const { graph, feeds } = b.done(slices[0]!);
  return { graph: { ...graph, outputs: graph.outputs.filter(({ name }) => name !== "y") }, feeds };
}
