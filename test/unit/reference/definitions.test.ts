import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { flat, type OpAttrs, type OpName, planes, type TensorType } from "../../../src/graph/types.ts";
import { evaluateReference, type Feeds } from "../../../src/runtime/reference/index.ts";

/** Runs one op on inputs given as [type, numbers]. */
function run<K extends OpName>(
  op: K,
  inputs: readonly (readonly [TensorType, readonly number[]])[],
  attrs: OpAttrs[K],
  step?: Feeds["step"],
): number[] {
  const g = new GraphBuilder();
  const values = inputs.map(([type], index) => g.input(`${index}`, type));
  g.output("y", g.add(op, values, attrs));
  const feeds = Object.fromEntries(inputs.map(([, data], index) => [`${index}`, data]));
  return [...evaluateReference(g.build(), { inputs: feeds, params: {}, step }).get("y")!];
}

const grid3 = [planes([1, 1, 3, 3]), [1, 2, 3, 4, 5, 6, 7, 8, 9]] as const;
const rounded = (values: readonly number[]) => values.map((value) => Number(value.toFixed(6)));

describe("definitions, worked out by hand", () => {
  test("convolution is a cross-correlation: the kernel is not flipped", () => {
    const attrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
    const w = [flat([1, 1, 2, 2]), [1, 10, 100, 1000]] as const;
    expect(run("conv2d", [grid3, w], attrs)).toEqual([5421, 6532, 8754, 9865]);
    expect(run("conv2d", [grid3, w], { ...attrs, dilation: [2, 2] })).toEqual([9731]);
    expect(run("conv2d", [grid3, w], { ...attrs, stride: [2, 3], padding: [1, 0] })).toEqual([2100, 8754]);
    const row = [planes([1, 1, 1, 4]), [1, 2, 3, 4]] as const;
    const pair = [flat([1, 1, 1, 2]), [1, 10]] as const;
    expect(run("conv2d", [row, pair], { ...attrs, dilation: [1, 2] })).toEqual([31, 42]);
    const column = [planes([1, 1, 4, 1]), [1, 2, 3, 4]] as const;
    const upright = [flat([1, 1, 2, 1]), [1, 10]] as const;
    expect(run("conv2d", [column, upright], { ...attrs, dilation: [3, 1] })).toEqual([41]);
    const two = [planes([1, 2, 1, 1]), [3, 5]] as const;
    expect(run("conv2d", [two, [flat([2, 1, 1, 1]), [2, 7]]], { ...attrs, groups: 2 })).toEqual([6, 35]);
    expect(run("conv2d", [two, [flat([3, 2]), [1, 0, 0, 1, 1, 1]]], attrs)).toEqual([3, 5, 8]);
  });

  test("average pooling counts real pixels only, max pooling never sees padding", () => {
    const window = { kernel: [2, 2], stride: [2, 2], padding: [1, 1] } as const;
    expect(run("avg_pool", [grid3], window)).toEqual([1, 2.5, 5.5, 7]);
    const negative = [planes([1, 1, 1, 2]), [-3, -2]] as const;
    expect(run("max_pool", [negative], { ...window, stride: [1, 1] })).toEqual([-3, -2, -2, -3, -2, -2]);
  });

  test("the first of equal maxima in row-major order takes the gradient", () => {
    const ties = [planes([1, 1, 2, 3]), [0, 4, 4, 4, 4, 1]] as const;
    const window = { kernel: [2, 2], stride: [1, 1], padding: [0, 0] } as const;
    const offsets = run("max_pool_argmax", [ties], window);
    expect(offsets).toEqual([1, 0]);
    const type = planes([1, 1, 1, 2]);
    const dy = [type, [10, 1]] as const;
    expect(run("max_pool_dx", [dy, [planes(type.shape, "u32"), offsets]], { ...window, shape: [1, 1, 2, 3] })).toEqual([
      0, 11, 0, 0, 0, 0,
    ]);
  });

  test("batch norm: biased variance in the statistics, unbiased in the running ones", () => {
    const x = [planes([2, 1, 1, 2]), [1, 3, 5, 7]] as const;
    const stats = run("bn_stats", [x], { eps: 0 });
    expect(rounded(stats)).toEqual([4, 0.447214, 5]);
    const running = [flat([2, 1]), [0, 1]] as const;
    const update = (count: number) =>
      rounded(run("bn_update", [running, [flat([3, 1]), stats]], { momentum: 0.1, count }));
    expect(update(4)).toEqual([0.4, 0.9 + rounded([0.1 * (20 / 3)])[0]!]);
    expect(update(1)).toEqual([0.4, 1.4]);
    expect(rounded(run("bn_running", [[flat([2, 1]), [2, 3]]], { eps: 1 }))).toEqual([2, 0.5, 3]);
  });

  test("cross entropy spreads the smoothing over the other classes", () => {
    const logits = [planes([1, 3, 1, 1]), [Math.log(1), Math.log(2), Math.log(5)]] as const;
    const labels = [flat([1], "u32"), [1]] as const;
    expect(run("cross_entropy", [logits, labels], { smoothing: 0 })[0]).toBeCloseTo(Math.log(4), 12);
    expect(run("cross_entropy", [logits, labels], { smoothing: 0.2 })[0]).toBeCloseTo(
      0.8 * Math.log(4) + 0.1 * Math.log(8) + 0.1 * Math.log(8 / 5),
      12,
    );
    const large = [planes([1, 2, 1, 1]), [1000, 0]] as const;
    expect(run("cross_entropy", [large, labels], { smoothing: 0 })).toEqual([1000]);
  });

  test("top k: of equal logits the lower class comes first", () => {
    const logits = [planes([3, 4, 1, 1]), [5, 5, 9, 1, 5, 5, 9, 1, 5, 5, 9, 1]] as const;
    const labels = [flat([3], "u32"), [0, 1, 2]] as const;
    expect(run("top_k", [logits, labels], { k: 1 })).toEqual([0, 0, 1]);
    expect(run("top_k", [logits, labels], { k: 2 })).toEqual([1, 0, 1]);
    expect(run("top_k", [logits, labels], { k: 3 })).toEqual([1, 1, 1]);
  });

  test("slices take every stride-th pixel, planes are flattened channel by channel", () => {
    const slice = { start: [0, 1], stride: [2, 2] } as const;
    expect(run("strided_slice", [grid3], slice)).toEqual([2, 8]);
    const dy = [planes([1, 1, 2, 1]), [2, 8]] as const;
    expect(run("strided_slice_dx", [dy], { ...slice, shape: [1, 1, 3, 3] })).toEqual([0, 2, 0, 0, 0, 0, 0, 8, 0]);
    const batch = [planes([2, 1, 1, 2]), [1, 2, 3, 4]] as const;
    expect(run("concat", [batch, batch], {})).toEqual([1, 2, 1, 2, 3, 4, 3, 4]);
    expect(run("channel_slice", [[planes([1, 3, 1, 1]), [7, 8, 9]]], { start: 1, count: 2 })).toEqual([8, 9]);
  });

  test("weights: softmax, normalisation, and sums addressed by index", () => {
    const a = [flat([3]), [Math.log(1), Math.log(2), Math.log(5)]] as const;
    expect(rounded(run("softmax", [a], {}))).toEqual([0.125, 0.25, 0.625]);
    expect(run("normalize", [[flat([3]), [1, 2, 5]]], {})).toEqual([0.125, 0.25, 0.625]);
    const x = [planes([1, 1, 1, 2]), [1, 10]] as const;
    const w = [flat([3]), [2, 3, 5]] as const;
    expect(run("weighted_sum", [w, x, x], { indices: [2, 0] })).toEqual([7, 70]);
    expect(run("weighted_sum_dw", [x, x, x], { indices: [2, 0], size: 3 })).toEqual([101, 0, 101]);
    const [y, z] = [
      [planes([2, 1, 1, 1]), [1, 10]],
      [planes([2, 1, 1, 1]), [4, 8]],
    ] as const;
    expect(run("pair_distances", [y, z, y], {})).toEqual([9, 4, 0, 0, 9, 4]);
    expect(run("scale_by", [x, w], { index: 1 })).toEqual([3, 30]);
    expect(run("row", [[flat([2, 2]), [1, 2, 3, 4]]], { index: 1 })).toEqual([3, 4]);
  });
});

test("ReLU6 clamps, and passes gradients strictly inside", () => {
  const x = [planes([1, 1, 1, 5]), [-1, 0, 3, 6, 7]] as const;
  expect(run("relu6", [x], {})).toEqual([0, 0, 3, 6, 6]);
  expect(
    run(
      "relu6_dx",
      [
        [planes([1, 1, 1, 5]), [1, 1, 1, 1, 1]],
        [planes([1, 1, 1, 5]), [0, 0, 3, 6, 6]],
      ],
      {},
    ),
  ).toEqual([0, 0, 1, 0, 0]);
});

describe("dropout and shake-shake", () => {
  const step = { seed: 5, step: 3, dropPath: 0 };
  const shape = [4, 10, 5, 10];
  const count = 2000;
  const filled = (value: number) => [planes(shape), Array<number>(count).fill(value)] as const;
  const dropout = (probability: number, index = 0, at = step) =>
    run("dropout", [filled(3)], { index, probability }, at);

  test("dropout keeps elements with the given probability and makes up for the others", () => {
    const values = dropout(0.25);
    const kept = values.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([4]));
    // 2000 draws: five standard deviations are 0.048.
    expect(Math.abs(kept.length / count - 0.75)).toBeLessThan(0.048);
    expect(new Set(dropout(0))).toEqual(new Set([3]));
    expect(dropout(0.25, 1)).not.toEqual(values);
    expect(dropout(0.25, 0, { ...step, step: 4 })).not.toEqual(values);
    // Among samples, too, and among the channels that lie side by side in memory.
    const quarter = count / 4;
    expect(values.slice(0, quarter)).not.toEqual(values.slice(quarter, 2 * quarter));
    expect(values.slice(0, 50)).not.toEqual(values.slice(50, 100));
  });

  test("shake-shake mixes each sample by one share, and its gradient by another", () => {
    const shares = (values: number[]) =>
      Array.from({ length: 4 }, (_, n) => values.slice((n * count) / 4, ((n + 1) * count) / 4));
    const forward = shares(run("shake", [filled(1), filled(0)], { index: 2 }, step));
    const backward = shares(run("shake_dx", [filled(1)], { index: 2, branch: 0 }, step));
    for (const sample of [...forward, ...backward]) {
      expect(new Set(sample).size).toBe(1);
      expect(sample[0]).toBeGreaterThanOrEqual(0);
      expect(sample[0]).toBeLessThan(1);
    }
    expect(new Set([...forward, ...backward].map(([share]) => share)).size).toBe(8);
    const other = shares(run("shake_dx", [filled(1)], { index: 2, branch: 1 }, step));
    expect(other.map(([share]) => share)).toEqual(backward.map(([share]) => 1 - share!));
    expect(run("shake", [filled(2), filled(2)], { index: 2 }, step)).toEqual(Array(count).fill(2));
  });

  test("they need to know the step", () => {
    expect(() => run("shake", [filled(1), filled(0)], { index: 0 })).toThrowErrorMatchingInlineSnapshot(
      `[Error: the graph draws random numbers: evaluateReference needs feeds.step]`,
    );
  });
});

describe("drop path", () => {
  const mask = (step: Feeds["step"], index = 0, samples = 2000) => run("drop_path_mask", [], { index, samples }, step);

  test("keeps samples with the given probability and makes up for the others", () => {
    const values = mask({ seed: 5, step: 3, dropPath: 0.25 });
    const kept = values.filter((value) => value !== 0);
    expect(new Set(kept)).toEqual(new Set([4 / 3]));
    // 2000 draws: five standard deviations are 0.048.
    expect(Math.abs(kept.length / values.length - 0.75)).toBeLessThan(0.048);
    expect(new Set(mask({ seed: 5, step: 3, dropPath: 0 }))).toEqual(new Set([1]));
  });

  test("depends on seed, step and mask alone", () => {
    const step = { seed: 5, step: 3, dropPath: 0.5 };
    const first = mask(step, 1, 40);
    expect(mask(step, 1, 40)).toEqual(first);
    expect(mask(step, 1, 20)).toEqual(first.slice(0, 20));
    expect(mask(step, 2, 40)).not.toEqual(first);
    expect(mask({ ...step, step: 4 }, 1, 40)).not.toEqual(first);
    expect(mask({ ...step, seed: 6 }, 1, 40)).not.toEqual(first);
  });

  test("needs to know the step", () => {
    expect(() => mask(undefined)).toThrowErrorMatchingInlineSnapshot(
      `[Error: the graph drops paths: evaluateReference needs feeds.step]`,
    );
  });
});

test("feeds of the wrong size or missing are named", () => {
  const g = new GraphBuilder();
  const w = g.param({ name: "w", role: "weights", shape: [2, 3], init: { kind: "constant", value: 0 } });
  g.output("y", g.add("row", [w], { index: 0 }));
  g.input("x", planes([1, 2, 3, 4]));
  const graph = g.build();
  expect(() => evaluateReference(graph, { inputs: {}, params: {} })).toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: parameter w [2, 3] is not fed]`,
  );
  expect(() => evaluateReference(graph, { inputs: {}, params: { w: [1, 2] } })).toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: parameter w [2, 3] needs 6 numbers, but is fed 2]`,
  );
  expect(() =>
    evaluateReference(graph, { inputs: {}, params: { w: [1, 2, 3, 4, 5, 6] } }),
  ).toThrowErrorMatchingInlineSnapshot(`[SupernetError: input x [1, 2, 3, 4] is not fed]`);
});
