import { expect, test } from "vitest";
import { differentiate } from "../../../src/graph/autodiff.ts";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { flat, type Graph, planes } from "../../../src/graph/types.ts";
import { Rng } from "../../../src/random/rng.ts";
import { evaluateReference } from "../../../src/runtime/reference/index.ts";
import { uniformData } from "../../properties.ts";

const [CHANNELS, SIZE, CLASSES, OPS] = [3, 5, 4, 4];

/** A mixed edge without batch norm, a classifier, and the gradient of the mean loss by the mixture's weights. */
function edge(samples: number, clip?: number): Graph {
  const g = new GraphBuilder();
  const param = (name: string, shape: readonly number[]) =>
    g.param({ name, role: "weights", shape, init: { kind: "constant", value: 0 } });
  const x = g.input("x", planes([samples, CHANNELS, SIZE, SIZE]));
  const same = { kernel: [3, 3], stride: [1, 1], padding: [1, 1] } as const;
  const conv = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1 } as const;
  const ops = [
    g.add("max_pool", [x], same),
    g.add("avg_pool", [x], same),
    x,
    g.add("conv2d", [g.add("relu", [x], {}), param("conv", [CHANNELS, CHANNELS, 3, 3])], conv),
  ];
  const weights = param("weights", [OPS + 1]);
  const indices = ops.map((_, index) => index);
  const sum = g.add("weighted_sum", [weights, ...ops], { indices, ...(clip !== undefined && { clip }) });
  const pooled = g.add("global_avg_pool", [g.add("relu", [sum], {})], {});
  const one = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
  const logits = g.add("conv2d", [pooled, param("linear", [CLASSES, CHANNELS, 1, 1])], one);
  const loss = g.add("cross_entropy", [logits, g.input("y", flat([samples], "u32"))], { smoothing: 0 });
  const mean = g.add("mean", [loss], {});
  const seed = g.add("fill", [], { type: flat([1]), value: 1 });
  const { builder, gradients } = differentiate(g.build(), [{ value: mean, gradient: seed }], [weights]);
  builder.output("gradient", gradients[0]!);
  return builder.build();
}

test("one pass of a batch yields what a pass of each sample would, clipped and added up", () => {
  const samples = 7;
  const rng = new Rng(5, 0);
  const params = {
    conv: uniformData(rng, CHANNELS * CHANNELS * 9),
    linear: uniformData(rng, CLASSES * CHANNELS).map((value) => 4 * value),
    weights: uniformData(rng, OPS + 1),
  };
  const image = CHANNELS * SIZE * SIZE;
  const x = uniformData(rng, samples * image);
  const y = Uint32Array.from({ length: samples }, () => rng.randint(CLASSES));
  const single = edge(1);
  const bySample = Array.from({ length: samples }, (_, n) => {
    const inputs = { x: x.subarray(n * image, (n + 1) * image), y: y.subarray(n, n + 1) };
    return evaluateReference(single, { inputs, params }).get("gradient")!;
  });
  const sizes = bySample.flatMap((gradient) => Array.from(gradient.subarray(0, OPS), Math.abs)).sort((a, b) => a - b);
  // Bounds that cut all, half or none of them.
  for (const clip of [sizes[0]! / 2, sizes[sizes.length / 2]!, 2 * sizes.at(-1)!]) {
    const expected = Array.from({ length: OPS + 1 }, (_, op) =>
      bySample.reduce((sum, gradient) => sum + Math.min(Math.max(gradient[op]!, -clip), clip), 0),
    );
    const actual = evaluateReference(edge(samples, clip), { inputs: { x, y }, params }).get("gradient")!;
    expected.forEach((value, op) => {
      expect(actual[op], `op ${op} within ${clip}`).toBeCloseTo(value, 12);
    });
    // Nobody has the last weight, as an edge has no term for `none`.
    expect(actual[OPS]).toBe(0);
  }
});
