import * as fc from "fast-check";
import { expect } from "vitest";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { type Conv2dAttrs, elements, type Graph, planes } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import { evaluateReference, type Feeds } from "../../src/runtime/reference/index.ts";
import type { Engine } from "../../src/runtime/webgpu/engine.ts";
import { runGraph } from "../../src/runtime/webgpu/run.ts";
import { type OpCase, uniformData, withGradients } from "../properties.ts";

type Pair = readonly [number, number];

/** A convolution by its numbers; printed as it is when a property fails. */
export interface ConvCase {
  readonly shape: readonly [number, number, number, number];
  readonly weight: readonly number[];
  readonly attrs: Conv2dAttrs;
  readonly bias: boolean;
  readonly seed: number;
}

export const integer = (min: number, max: number) => fc.integer({ min, max });
const pair = (min: number, max: number): fc.Arbitrary<Pair> => fc.tuple(integer(min, max), integer(min, max));

interface Limits {
  readonly kernel: number;
  readonly channels: number;
  /** Pixels beyond the least height and width that give a result. */
  readonly extra: number;
  readonly samples: number;
}

/** Any window on any image that yields a result, across the tile of eight pixels and the chunks of reductions. */
export const windows = ({ kernel, channels, extra, samples }: Limits) =>
  fc
    .record({
      samples: integer(1, samples),
      channels: integer(1, channels),
      extra: pair(0, extra),
      kernel: pair(1, kernel),
      stride: pair(1, 3),
      padding: pair(0, 4),
      dilation: pair(1, 3),
      out: integer(1, channels),
      seed: integer(0, 2 ** 31),
    })
    .map(({ samples, channels, extra, kernel, stride, padding, dilation, out, seed }) => {
      const size = (axis: 0 | 1) =>
        Math.max(1, dilation[axis] * (kernel[axis] - 1) + 1 - 2 * padding[axis]) + extra[axis];
      const shape = [samples, channels, size(0), size(1)] as const;
      return { shape, kernel, out, seed, attrs: { stride, padding, dilation, groups: 1 } satisfies Conv2dAttrs };
    });

function opCase({ shape, weight, attrs, bias, seed }: ConvCase): OpCase {
  const g = new GraphBuilder();
  const rng = new Rng(seed, 0);
  const init = { kind: "constant", value: 0 } as const;
  const x = g.input("x", planes(shape));
  const w = g.param({ name: "w", role: "weights", shape: weight, init });
  const wrt = [
    { name: "x", value: x },
    { name: "w", value: w },
  ];
  const params: Record<string, Float32Array> = {
    w: uniformData(
      rng,
      weight.reduce((a, b) => a * b, 1),
    ),
  };
  let y = g.add("conv2d", [x, w], attrs);
  if (bias) {
    const b = g.param({ name: "b", role: "weights", shape: [weight[0]!], init });
    params.b = uniformData(rng, weight[0]!);
    wrt.push({ name: "b", value: b });
    y = g.add("add_bias", [y, b], {});
  }
  g.output("y", y);
  const inputs = { x: uniformData(rng, elements(planes(shape))) };
  return { graph: g.build(), feeds: { inputs, params }, wrt, smooth: true };
}

/** Every number without its sign: the reference then sums the sizes of the terms. */
function magnitudes({ inputs, params }: Feeds): Feeds {
  const positive = (feeds: Feeds["inputs"]) =>
    Object.fromEntries(Object.entries(feeds).map(([name, data]) => [name, Float32Array.from(data, Math.abs)]));
  return { inputs: positive(inputs), params: positive(params) };
}

/** Terms of the longest sum in each output of a convolution with gradients. */
function termsOf({ shape, weight }: ConvCase, graph: Graph): Record<string, number> {
  const [outputs = 1, inputs = 1, height = 1, width = 1] = weight;
  const y = graph.nodes.find(({ op }) => op === "conv2d")!.type.shape;
  const pixels = shape[0] * y[2]! * y[3]!;
  const taps = height * width;
  return { y: inputs * taps + 1, "d.x": outputs * taps, "d.w": pixels, "d.b": pixels };
}

/**
 * Result and gradients against the reference. A sum of n products in f32, in whatever order, is off by about sqrt(n) roundings
 * of 2^-24 relative to the sum of the terms' sizes (rounding errors are independent, so they add like a random walk);
 * 4 sqrt(n) is out of reach unless something else is wrong. Where no term is, the result must be zero exactly.
 * `runGraph` itself fails when padding lanes of a result are not zero.
 */
export async function compare(engine: Engine, conv: ConvCase): Promise<void> {
  const { graph, feeds } = withGradients(opCase(conv), conv.seed);
  const expected = evaluateReference(graph, feeds);
  const sizes = evaluateReference(graph, magnitudes(feeds));
  const actual = await runGraph(engine, graph, feeds);
  const terms = termsOf(conv, graph);
  for (const [name, want] of expected) {
    const got = actual.get(name)!;
    const size = sizes.get(name)!;
    const factor = 4 * Math.sqrt(terms[name]!) * 2 ** -24;
    expect(got.length, name).toBe(want.length);
    const wrong = want.findIndex((value, index) => !(Math.abs(got[index]! - value) <= factor * size[index]!));
    if (wrong >= 0) {
      throw new Error(`${name}[${wrong}] is ${got[wrong]}, should be ${want[wrong]} (terms add up to ${size[wrong]})`);
    }
  }
}

/** All results of a convolution with gradients, for comparing them bit by bit. */
export async function results(engine: Engine, conv: ConvCase): Promise<Map<string, Float32Array>> {
  const { graph, feeds } = withGradients(opCase(conv), conv.seed);
  return await runGraph(engine, graph, feeds);
}
