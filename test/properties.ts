import * as fc from "fast-check";
import { differentiate } from "../src/graph/autodiff.ts";
import { GraphBuilder } from "../src/graph/builder.ts";
import { elements, flat, type Graph, planes, type Window2d } from "../src/graph/types.ts";
import { Rng } from "../src/random/rng.ts";
import type { Feeds } from "../src/runtime/feeds.ts";
import {
  type CaseBuilder,
  cases,
  channels,
  fewValues,
  gridData,
  integer,
  type OpCase,
  offsetData,
  pair,
  pooling,
  positiveData,
  samples,
  shape4,
  uniformData,
} from "./cases/case.ts";
import { denseCases, largeDenseCases } from "./cases/dense.ts";
import { depthwiseCases, largeDepthwiseCases } from "./cases/depthwise.ts";
import { largeMixCases, mixCases } from "./cases/mix.ts";
import { largePointwise, pointwiseCases } from "./cases/pointwise-conv.ts";
import { poolPairCases } from "./cases/pool-pair.ts";

export { type OpCase, uniformData };

/** `graph` goes on with gradients: an input `dy` for `y`, an output `d.<name>` for each name in `wrt`. */
export function withGradients({ graph, feeds, wrt }: OpCase, seed = 1): { graph: Graph; feeds: Feeds } {
  const extended = GraphBuilder.extend(graph);
  const y = graph.outputs.find(({ name }) => name === "y")!.value;
  const type = graph.nodes[y]!.type;
  const dy = extended.input("dy", type);
  const { builder, gradients } = differentiate(
    extended.build(),
    [{ value: y, gradient: dy }],
    wrt.map(({ value }) => value),
  );
  wrt.forEach(({ name }, index) => {
    const gradient = gradients[index];
    if (gradient !== undefined) builder.output(`d.${name}`, gradient);
  });
  return {
    graph: builder.build(),
    feeds: { ...feeds, inputs: { ...feeds.inputs, dy: uniformData(new Rng(seed, 0), elements(type)) } },
  };
}

interface ConvSettings {
  readonly shape: readonly [number, number, number, number];
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly out: number;
}

/** Any convolution whose result is not empty. */
const convSettings = (
  limits: { kernel: number; dilation: number; padding: number },
  /** N, C, and what height and width have beyond the least. */
  sizes = fc.tuple(samples, channels, integer(0, 5), integer(0, 5)),
): fc.Arbitrary<ConvSettings> =>
  fc
    .record({
      extra: sizes,
      kernel: pair(1, limits.kernel),
      stride: pair(1, 3),
      padding: pair(0, limits.padding),
      dilation: pair(1, limits.dilation),
      out: channels,
    })
    .map(({ extra: [n, c, extraH, extraW], ...rest }) => {
      const least = (axis: 0 | 1) =>
        Math.max(1, rest.dilation[axis] * (rest.kernel[axis] - 1) + 1 - 2 * rest.padding[axis]);
      return { ...rest, shape: [n, c, least(0) + extraH, least(1) + extraW] };
    });

function conv(b: CaseBuilder, settings: ConvSettings, weight: readonly number[], groups: number): OpCase {
  const { stride, padding, dilation } = settings;
  const x = b.input("x", planes(settings.shape));
  return b.done(b.g.add("conv2d", [x, b.param("w", weight)], { stride, padding, dilation, groups }));
}

const slicing = shape4.chain(([n, c, h, w]) =>
  fc.record({
    shape: fc.constant([n, c, h, w]),
    start: fc.tuple(integer(0, h - 1), integer(0, w - 1)),
    stride: pair(1, 3),
  }),
);

/** As `gridData`, but on both sides of 6 too, and at least 0.4 from it. */
const wideGridData = (rng: Rng, count: number) => gridData(rng, count).map((value) => 16 * value);

/** A random stream, and where a training stands. */
const drawn = fc.record({
  index: integer(0, 99),
  seed: integer(0, 2 ** 40),
  step: integer(0, 9999),
  dropPath: fc.constant(0),
});

const batchNorm = (
  b: CaseBuilder,
  shape: readonly number[],
  affine: boolean,
  batch: boolean,
  data = gridData,
): OpCase => {
  const c = shape[1]!;
  const x = b.input("x", planes(shape), data);
  const stats = batch
    ? b.g.add("bn_stats", [x], { eps: 1e-5 })
    : b.g.add("bn_running", [b.constant("running", flat([2, c]), positiveData)], { eps: 1e-5 });
  const scaleAndShift = affine ? [b.param("gamma", [c]), b.param("beta", [c])] : [];
  return b.done(b.g.add("bn_apply", [x, stats, ...scaleAndShift], { affine, batch }));
};

const logitsShape = fc.tuple(samples, integer(2, 13));

/** Some of `size` weights, in any order and with repetitions. */
const weightIndices = integer(1, 9).chain((size) =>
  fc.record({ size: fc.constant(size), indices: fc.array(integer(0, size - 1), { minLength: 1, maxLength: 10 }) }),
);

/**
 * Random cases of every op of the tensor program, shared by the tests of the reference backend (against central differences)
 * and of the kernels (against the reference backend): one entry per op or use of an op.
 */
export const opCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  conv2d_dense: cases(convSettings({ kernel: 4, dilation: 3, padding: 3 }), (b, settings) =>
    conv(b, settings, [settings.out, settings.shape[1], ...settings.kernel], 1),
  ),
  conv2d_pointwise: cases(convSettings({ kernel: 1, dilation: 1, padding: 1 }), (b, settings) =>
    conv(b, settings, [settings.out, settings.shape[1], 1, 1], 1),
  ),
  conv2d_depthwise: cases(convSettings({ kernel: 5, dilation: 3, padding: 4 }), (b, settings) =>
    conv(b, settings, [settings.shape[1], 1, ...settings.kernel], settings.shape[1]),
  ),
  linear: cases(fc.tuple(samples, integer(1, 21), integer(1, 13)), (b, [n, from, to]) => {
    const x = b.input("x", planes([n, from, 1, 1]));
    const attrs = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
    const product = b.g.add("conv2d", [x, b.param("w", [to, from])], attrs);
    return b.done(b.g.add("add_bias", [product, b.param("b", [to])], {}));
  }),
  add_bias: cases(shape4, (b, shape) => {
    const x = b.input("x", planes(shape));
    return b.done(b.g.add("add_bias", [x, b.param("b", [shape[1]])], {}));
  }),

  batch_norm_training: cases(fc.tuple(shape4, fc.boolean()), (b, [shape, affine]) => batchNorm(b, shape, affine, true)),
  batch_norm_evaluation: cases(fc.tuple(shape4, fc.boolean()), (b, [shape, affine]) =>
    batchNorm(b, shape, affine, false),
  ),
  bn_stats: cases(shape4, (b, shape) =>
    b.done(b.g.add("bn_stats", [b.constant("x", planes(shape), gridData)], { eps: 1e-5 })),
  ),
  bn_update: cases(fc.tuple(channels, integer(1, 50)), (b, [c, count]) => {
    const running = b.constant("running", flat([2, c]));
    const stats = b.constant("stats", flat([3, c]));
    return b.done(b.g.add("bn_update", [running, stats], { momentum: 0.1, count }));
  }),
  row: cases(fc.tuple(channels, integer(0, 2)), (b, [c, index]) =>
    b.done(b.g.add("row", [b.constant("x", flat([3, c]))], { index })),
  ),

  relu: cases(shape4, (b, shape) => b.done(b.g.add("relu", [b.input("x", planes(shape), gridData)], {}))),
  relu6: cases(shape4, (b, shape) => b.done(b.g.add("relu6", [b.input("x", planes(shape), wideGridData)], {}))),
  relu6_kinks: cases(shape4, (b, shape) => {
    const x = b.input("x", planes(shape), (rng, count) =>
      Float32Array.from({ length: count }, () => [-1, 0, 3, 6, 7][rng.randint(5)]!),
    );
    return b.done(b.g.add("relu6", [x], {}), { smooth: false });
  }),
  relu_zeros: cases(shape4, (b, shape) =>
    b.done(b.g.add("relu", [b.input("x", planes(shape), fewValues)], {}), { smooth: false }),
  ),
  max_pool_ties: cases(pooling, (b, { shape, window }) =>
    b.done(b.g.add("max_pool", [b.input("x", planes(shape), fewValues)], window), { smooth: false }),
  ),
  max_pool: cases(pooling, (b, { shape, window }) =>
    b.done(b.g.add("max_pool", [b.input("x", planes(shape), gridData)], window)),
  ),
  avg_pool: cases(pooling, (b, { shape, window }) =>
    b.done(b.g.add("avg_pool", [b.input("x", planes(shape))], window)),
  ),
  global_avg_pool: cases(shape4, (b, shape) => b.done(b.g.add("global_avg_pool", [b.input("x", planes(shape))], {}))),
  concat: cases(fc.tuple(shape4, fc.array(channels, { minLength: 1, maxLength: 4 })), (b, [[n, , h, w], parts]) =>
    b.done(
      b.g.add(
        "concat",
        parts.map((c, index) => b.input(`x${index}`, planes([n, c, h, w]))),
        {},
      ),
    ),
  ),
  channel_slice: cases(
    shape4.chain((shape) => fc.tuple(fc.constant(shape), integer(0, shape[1] - 1), integer(1, 9))),
    (b, [shape, start, most]) => {
      const count = Math.min(most, shape[1] - start);
      return b.done(b.g.add("channel_slice", [b.input("x", planes(shape))], { start, count }));
    },
  ),
  strided_slice: cases(slicing, (b, { shape, start, stride }) =>
    b.done(b.g.add("strided_slice", [b.input("x", planes(shape))], { start, stride })),
  ),
  flatten: cases(shape4, (b, shape) => b.done(b.g.add("flatten", [b.input("x", planes(shape))], {}))),
  unflatten: cases(shape4, (b, shape) => {
    const [n, c, h, w] = shape;
    return b.done(b.g.add("unflatten", [b.input("x", planes([n, c * h * w, 1, 1]))], { shape }));
  }),

  add: cases(fc.tuple(shape4, integer(1, 9)), (b, [shape, count]) =>
    b.done(
      b.g.add(
        "add",
        Array.from({ length: count }, (_, index) => b.input(`x${index}`, planes(shape))),
        {},
      ),
    ),
  ),
  add_flat: cases(fc.tuple(channels, integer(1, 9)), (b, [c, count]) =>
    b.done(
      b.g.add(
        "add",
        Array.from({ length: count }, (_, index) => b.param(`x${index}`, [2, c])),
        {},
      ),
    ),
  ),
  scale: cases(shape4, (b, shape) => b.done(b.g.add("scale", [b.input("x", planes(shape))], { factor: -1.5 }))),
  scale_flat: cases(channels, (b, c) => b.done(b.g.add("scale", [b.param("x", [c])], { factor: 0.25 }))),
  weighted_sum: cases(fc.tuple(shape4, weightIndices), (b, [shape, { size, indices }]) => {
    const w = b.param("w", [size]);
    const terms = indices.map((_, index) => b.input(`x${index}`, planes(shape)));
    return b.done(b.g.add("weighted_sum", [w, ...terms], { indices }));
  }),
  pair_distances: cases(fc.tuple(shape4, integer(2, 13)), (b, [shape, count]) => {
    const tensors = Array.from({ length: count }, (_, index) => b.constant(`x${index}`, planes(shape)));
    return b.done(b.g.add("pair_distances", tensors, {}), { smooth: false });
  }),
  scale_by: cases(fc.tuple(shape4, weightIndices), (b, [shape, { size, indices }]) => {
    const x = b.input("x", planes(shape));
    return b.done(b.g.add("scale_by", [x, b.param("w", [size])], { index: indices[0]! }));
  }),
  scale_samples: cases(shape4, (b, shape) => {
    const x = b.input("x", planes(shape));
    return b.done(b.g.add("scale_samples", [x, b.constant("m", flat([shape[0]]))], {}));
  }),
  softmax: cases(fc.tuple(integer(1, 13), integer(1, 3)), (b, [size, vectors]) =>
    b.done(
      b.g.add(
        "softmax",
        Array.from({ length: vectors }, (_, index) => b.param(`a${index}`, [size])),
        {},
      ),
    ),
  ),
  gumbel_softmax: cases(
    fc.record({
      size: integer(1, 13),
      vectors: integer(1, 5),
      index: integer(0, 99),
      samples: integer(0, 3),
      step: integer(0, 9999),
      halves: integer(1, 5),
    }),
    (b, { size, vectors, index, samples, step, halves }) => {
      const a = Array.from({ length: vectors }, (_, at) => b.param(`a${at}`, [size]));
      return b.done(b.g.add("gumbel_softmax", a, { index, samples }), {
        step: { seed: 2 ** 40 + index, step, dropPath: 0, temperature: halves / 2 },
      });
    },
  ),
  sort_descending: cases(fc.tuple(integer(1, 13), fc.boolean()), (b, [size, ties]) =>
    b.done(b.g.add("sort_descending", [b.constant("a", flat([size]), ties ? fewValues : gridData)], {})),
  ),
  normalize: cases(integer(1, 13), (b, size) => b.done(b.g.add("normalize", [b.param("a", [size], positiveData)], {}))),
  stop_gradient: cases(shape4, (b, shape) =>
    b.done(b.g.add("stop_gradient", [b.constant("x", planes(shape))], {}), { smooth: false }),
  ),
  stop_forward: cases(shape4, (b, shape) =>
    b.done(b.g.add("stop_forward", [b.input("x", planes(shape))], {}), { smooth: false }),
  ),
  fill: cases(shape4, (b, shape) => b.done(b.g.add("fill", [], { type: planes(shape), value: 0.75 }))),
  drop_path_mask: cases(
    fc.record({ count: integer(1, 70), index: integer(0, 99), step: integer(0, 9999), percent: integer(0, 90) }),
    (b, { count, index, step, percent }) =>
      b.done(b.g.add("drop_path_mask", [], { index, samples: count }), {
        step: { seed: 2 ** 40 + index, step, dropPath: percent / 100 },
      }),
  ),

  dropout: cases(fc.tuple(shape4, drawn, integer(0, 90)), (b, [shape, { index, ...step }, percent]) => {
    const probability = percent / 100;
    return b.done(b.g.add("dropout", [b.input("x", planes(shape))], { index, probability }), { step });
  }),
  // The gradient is by another random number than the result, on purpose.
  shake: cases(fc.tuple(shape4, drawn), (b, [shape, { index, ...step }]) =>
    b.done(b.g.add("shake", [b.input("x0", planes(shape)), b.input("x1", planes(shape))], { index }), {
      step,
      smooth: false,
    }),
  ),

  cross_entropy: cases(fc.tuple(logitsShape, fc.constantFrom(0, 0.1)), (b, [[n, classes], smoothing]) => {
    const logits = b.input("logits", planes([n, classes, 1, 1]));
    return b.done(b.g.add("cross_entropy", [logits, b.labels(n, classes)], { smoothing }));
  }),
  top_k: cases(fc.tuple(logitsShape, integer(1, 5)), (b, [[n, classes], k]) => {
    // Few distinct values: ties happen.
    const logits = b.constant("logits", planes([n, classes, 1, 1]), (rng, count) =>
      Float32Array.from({ length: count }, () => rng.randint(4)),
    );
    return b.done(b.g.add("top_k", [logits, b.labels(n, classes)], { k }));
  }),
  mean: cases(integer(1, 300), (b, size) => b.done(b.g.add("mean", [b.param("v", [size])], {}))),
  abs_sum: cases(integer(1, 300), (b, size) => b.done(b.g.add("abs_sum", [b.param("v", [size], gridData)], {}))),
  abs_sum_zeros: cases(integer(1, 13), (b, size) =>
    b.done(b.g.add("abs_sum", [b.param("v", [size], fewValues)], {}), { smooth: false }),
  ),
  expand: cases(integer(1, 300), (b, size) =>
    b.done(b.g.add("expand", [b.param("s", [1])], { shape: [size], factor: -0.3 })),
  ),
  ...poolPairCases,

  ...denseCases,
  ...depthwiseCases,
  ...pointwiseCases,

  ...mixCases,
};

const largeShape = fc.tuple(integer(1, 4), integer(1, 20), integer(8, 33), integer(8, 33));

/** Windows of every search space, and others. */
const largePooling = fc.tuple(largeShape, integer(2, 5), pair(1, 2)).map(([shape, side, stride]) => {
  const padding = Math.floor(side / 2);
  return { shape, window: { kernel: [side, side], stride, padding: [padding, padding] } satisfies Window2d };
});

/**
 * Sizes at which kernels split their work: reductions over thousands of elements, many channels. Too slow for central
 * differences, and no other mathematics than in `opCases`.
 */
export const largeCases: Readonly<Record<string, fc.Arbitrary<OpCase>>> = {
  conv2d_dense_large: cases(
    convSettings(
      { kernel: 3, dilation: 2, padding: 2 },
      fc.tuple(integer(1, 4), integer(8, 20), integer(6, 17), integer(6, 17)),
    ),
    (b, settings) => conv(b, settings, [settings.out, settings.shape[1], ...settings.kernel], 1),
  ),
  conv2d_depthwise_large: cases(convSettings({ kernel: 5, dilation: 2, padding: 4 }, largeShape), (b, settings) =>
    conv(b, settings, [settings.shape[1], 1, ...settings.kernel], settings.shape[1]),
  ),
  batch_norm_large: cases(fc.tuple(largeShape, fc.boolean()), (b, [shape, affine]) =>
    batchNorm(b, shape, affine, true, offsetData),
  ),
  add_bias_large: cases(largeShape, (b, shape) => {
    const x = b.input("x", planes(shape));
    return b.done(b.g.add("add_bias", [x, b.param("b", [shape[1]])], {}));
  }),
  weighted_sum_large: cases(fc.tuple(largeShape, weightIndices), (b, [shape, { size, indices }]) => {
    const w = b.param("w", [size]);
    const terms = indices.map((_, index) => b.input(`x${index}`, planes(shape)));
    return b.done(b.g.add("weighted_sum", [w, ...terms], { indices }));
  }),
  weighted_sum_many_large: cases(fc.tuple(largeShape, integer(7, 14)), (b, [shape, count]) => {
    const w = b.param("w", [count]);
    const indices = Array.from({ length: count }, (_, index) => count - 1 - index);
    const terms = indices.map((index) => b.input(`x${index}`, planes(shape)));
    return b.done(b.g.add("weighted_sum", [w, ...terms], { indices }));
  }),
  pointwise_large: largePointwise,
  max_pool_large: cases(largePooling, (b, { shape, window }) =>
    b.done(b.g.add("max_pool", [b.input("x", planes(shape))], window)),
  ),
  avg_pool_large: cases(largePooling, (b, { shape, window }) =>
    b.done(b.g.add("avg_pool", [b.input("x", planes(shape))], window)),
  ),
  pool_pair_large: cases(largePooling, (b, { shape, window }) =>
    b.done(b.g.add("pool_pair", [b.input("x", planes(shape))], window)),
  ),
  ...largeDenseCases,
  ...largeDepthwiseCases,
  ...largeMixCases,
  global_avg_pool_large: cases(largeShape, (b, shape) =>
    b.done(b.g.add("global_avg_pool", [b.input("x", planes(shape))], {})),
  ),
  mean_large: cases(integer(1000, 5000), (b, size) => b.done(b.g.add("mean", [b.param("v", [size])], {}))),
};
