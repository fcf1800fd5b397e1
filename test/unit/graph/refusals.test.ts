import { expect, test } from "vitest";
import { flat, planes } from "../../../src/graph/types.ts";
import { infer } from "./infer.ts";

// Ops that passes and gradients make, given what they are not defined for: a bug of ours, which must be found where it is made.

const x = planes([2, 6, 8, 8]);
const plain = { relu: false } as const;
const stride = [1, 1] as const;

test("bundles of depthwise convolutions", () => {
  const branch = { start: 0, channels: 6, kernel: [3, 3], padding: [1, 1], dilation: [1, 1] } as const;
  const attrs = { branches: [branch], stride, load: plain };
  const w = flat([6, 1, 3, 3]);
  const messages = [
    infer("depthwise", [], attrs),
    infer("depthwise", [x], { ...attrs, branches: [] }),
    infer("depthwise", [x, w], { ...attrs, branches: [{ ...branch, start: 1 }] }),
    infer("depthwise", [x, w, w], { ...attrs, branches: [branch, { ...branch, padding: [0, 0] }] }),
    infer("depthwise", [x, w, w], attrs),
    infer("depthwise", [x, flat([3, 6]), w], { ...attrs, load: { relu: false, norm: { affine: false, batch: true } } }),
    infer("depthwise_dx", [], { ...attrs, shape: x.shape }),
    infer("depthwise_dx", [planes([2, 6, 7, 8]), w], { ...attrs, shape: x.shape }),
    infer("depthwise_dw", [x], attrs),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "depthwise in cell.edge: takes x first
    depthwise in cell.edge: needs at least one branch
    depthwise in cell.edge: a branch reads channels 1 to 6 of x [2, 6, 8, 8]
    depthwise in cell.edge: branches yield [8, 8] and [6, 6] pixels
    depthwise in cell.edge: 1 branches have 2 weights
    depthwise in cell.edge: a batch norm is folded into a load together with the ReLU after it
    depthwise_dx in cell.edge: takes dy first
    depthwise_dx in cell.edge: dy is [2, 6, 7, 8], the result is [2, 6, 8, 8]
    depthwise_dw in cell.edge: takes x, the load's inputs and dy"
  `);
});

test("bundles of 1x1 convolutions", () => {
  const branch = { start: 0, inputs: 6, outputs: 4, offset: [0, 0] } as const;
  const attrs = { branches: [branch], stride, load: plain };
  const sized = { ...attrs, size: [8, 8] as const };
  const w = flat([4, 6, 1, 1]);
  const messages = [
    infer("pointwise", [], sized),
    infer("pointwise", [x], { ...sized, branches: [] }),
    infer("pointwise", [x, w], { ...sized, branches: [{ ...branch, inputs: 7 }] }),
    infer("pointwise", [x, w], { ...sized, branches: [{ ...branch, offset: [0, 1] }] }),
    infer("pointwise", [x], sized),
    infer("pointwise_dx", [], { ...attrs, shape: x.shape }),
    infer("pointwise_dx", [planes([2, 5, 8, 8]), w], { ...attrs, shape: x.shape }),
    infer("pointwise_dw", [x], attrs),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "pointwise in cell.edge: takes x first
    pointwise in cell.edge: needs at least one branch
    pointwise in cell.edge: a branch reads channels 0 to 6 of x [2, 6, 8, 8]
    pointwise in cell.edge: 8 pixels from 1 in steps of 1 leave x [2, 6, 8, 8]
    pointwise in cell.edge: 1 branches have 0 weights
    pointwise_dx in cell.edge: takes dy first
    pointwise_dx in cell.edge: dy [2, 5, 8, 8] does not fit x [2, 6, 8, 8] with 4 output channels
    pointwise_dw in cell.edge: takes x, the load's inputs and dy"
  `);
});

test("sibling dense convolutions", () => {
  const attrs = { stride, padding: [1, 1], dilation: [1, 1] } as const;
  const w = flat([4, 6, 3, 3]);
  const messages = [
    infer("dense", [], attrs),
    infer("dense", [x], attrs),
    infer("dense", [x, w, flat([4, 6, 5, 5])], attrs),
    infer("dense_dx", [], { ...attrs, shape: x.shape }),
    infer("dense_dx", [planes([2, 5, 8, 8]), w], { ...attrs, shape: x.shape }),
    infer("dense_dw", [x], { ...attrs, shapes: [w.shape] }),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "dense in cell.edge: takes x first
    dense in cell.edge: takes at least one weight [O, C, kh, kw]
    dense in cell.edge: weights are [4, 6, 3, 3] and [4, 6, 5, 5]: only their outputs may differ
    dense_dx in cell.edge: takes dy first
    dense_dx in cell.edge: dy is [2, 5, 8, 8], but the convolutions yield [2, 4, 8, 8]
    dense_dw in cell.edge: takes x and dy"
  `);
});

test("sums over terms and their gradients", () => {
  const term = { x: 0, start: 0 };
  const attrs = { channels: 6, terms: [term] };
  const [stats, gamma] = [flat([3, 6]), flat([6])];
  const norm = { stats: 1, batch: true };
  const part = { start: 0, channels: 6, source: 0, row: 0, plain: false };
  const messages = [
    infer("mix", [x], { channels: 6, terms: [{ ...term, start: 1 }] }),
    infer("mix", [x, stats, gamma], { channels: 6, terms: [{ ...term, norm: { ...norm, gamma: 2 } }] }),
    infer("mix", [x, stats, gamma, gamma], {
      channels: 6,
      terms: [{ ...term, norm: { ...norm, gamma: 2, beta: 3 }, weight: { vector: 2, index: 0 } }],
    }),
    infer("mix_grad", [], attrs),
    infer("mix_grad", [planes([2, 6, 8, 7]), x], attrs),
    infer("sample_dots", [x, x], { ...attrs, clip: 0 }),
    infer("mix_dx", [x, x], { terms: [part] }),
    infer("mix_dx", [x, x, flat([2, 6])], { terms: [part] }),
    infer("mix_dw", [flat([6])], { rows: [], size: 1 }),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "mix in cell.edge: a term takes channels 1 to 6 of [2, 6, 8, 8], but the result is [2, 6, 8, 8]
    mix in cell.edge: gamma and beta come together
    mix in cell.edge: a term has either a weight or gamma and beta
    mix_grad in cell.edge: takes dy first
    mix_grad in cell.edge: dy is [2, 6, 8, 7], the result is [2, 6, 8, 8]
    sample_dots in cell.edge: clips to a number above 0, not 0
    mix_dx in cell.edge: takes x and pairs of dy and g
    mix_dx in cell.edge: the last of three rows must be an integer from 0 to 1, not 2
    mix_dw in cell.edge: g0 must be a flat matrix"
  `);
});

test("the gradient of two pools", () => {
  const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1], shape: x.shape } as const;
  const argmax = planes(x.shape, "u32");
  const term = { start: 0, channels: 6, source: 0, largest: 0, mean: 1 };
  const messages = [
    infer("max_pool_argmax", [planes([1, 1, 32, 32])], { kernel: [17, 17], stride: [1, 1], padding: [8, 8] }),
    infer("pool_pair_mix_dx", [argmax], { ...window, terms: [term] }),
    infer("pool_pair_mix_dx", [argmax, x, flat([2, 5])], { ...window, terms: [term] }),
    infer("pool_pair_mix_dx", [argmax, x, flat([2, 6])], { ...window, terms: [term, term] }),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "max_pool_argmax in cell.edge: kernel [17, 17] has more than 256 positions: offsets are bytes
    pool_pair_mix_dx in cell.edge: takes argmax and pairs of dy and g, at least one
    pool_pair_mix_dx in cell.edge: g is flat f32 [2, 5], but dy has 6 channels
    pool_pair_mix_dx in cell.edge: two terms of source 0 overlap at channel 0"
  `);
});

test("vectors, rows and slices", () => {
  const messages = [
    infer("softmax", [], {}),
    infer("softmax_dx", [flat([7]), flat([7])], { vectors: 2 }),
    infer("gumbel_softmax_dx", [], { index: 0, samples: 1 }),
    infer("sort_descending", [], {}),
    infer("weighted_sum", [], { indices: [] }),
    infer("row", [flat([6])], { index: 0 }),
    infer("strided_slice_dx", [x], { start: [0, 0], stride: [2, 2], shape: x.shape }),
    infer("relu", [planes([1, 1, 1, 1], "u32")], {}),
    infer("bn_stats", [x], { eps: -1 }),
    infer("cross_entropy", [planes([2, 1, 1, 1]), flat([2], "u32")], { smoothing: 0.1 }),
  ];
  expect(messages.join("\n")).toMatchInlineSnapshot(`
    "softmax in cell.edge: takes at least one vector
    softmax_dx in cell.edge: 7 elements are not 2 vectors of one length
    gumbel_softmax_dx in cell.edge: takes dy first
    sort_descending in cell.edge: takes one vector
    weighted_sum in cell.edge: takes the weights first
    row in cell.edge: x must be flat [R, C], not flat f32 [6]
    strided_slice_dx in cell.edge: dy is [2, 6, 8, 8], but the slice is [2, 6, 4, 4]
    relu in cell.edge: x must be f32, not planes u32 [1, 1, 1, 1]
    bn_stats in cell.edge: eps must not be negative, but is -1
    cross_entropy in cell.edge: smoothing needs more than one class"
  `);
});
