import { expect, test } from "vitest";
import { GraphBuilder } from "../../../src/graph/builder.ts";
import { flat, planes, type TensorType } from "../../../src/graph/types.ts";
import { infer } from "./infer.ts";

const conv = { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 } as const;
const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1] } as const;
const x = planes([2, 6, 8, 5]);

test("convolution", () => {
  const w = flat([8, 6, 3, 2]);
  expect(infer("conv2d", [x, w], { ...conv, stride: [2, 3], padding: [1, 0], dilation: [1, 2] })).toMatchInlineSnapshot(
    `"planes f32 [2, 8, 4, 1]"`,
  );
  expect(infer("conv2d", [planes([4, 6, 1, 1]), flat([10, 6])], conv)).toMatchInlineSnapshot(
    `"planes f32 [4, 10, 1, 1]"`,
  );
  expect(infer("conv2d", [x, flat([6, 1, 3, 3])], { ...conv, groups: 6 })).toMatchInlineSnapshot(
    `"planes f32 [2, 6, 6, 3]"`,
  );
  expect(infer("conv2d", [x, flat([6, 3, 3, 3])], { ...conv, groups: 2 })).toMatchInlineSnapshot(
    `"conv2d in cell.edge: groups is 2; supported are 1 and the number of input channels (6)"`,
  );
  expect(infer("conv2d", [x, flat([12, 1, 3, 3])], { ...conv, groups: 6 })).toMatchInlineSnapshot(
    `"conv2d in cell.edge: a depthwise convolution yields one channel per input channel (6), but the weight is [12, 1, 3, 3]"`,
  );
  expect(infer("conv2d", [x, flat([8, 5, 3, 3])], conv)).toMatchInlineSnapshot(
    `"conv2d in cell.edge: the weight [8, 5, 3, 3] takes 5 channels per group, but x [2, 6, 8, 5] has 6 in 1 group(s)"`,
  );
  expect(infer("conv2d", [x, flat([8, 6, 3])], conv)).toMatchInlineSnapshot(
    `"conv2d in cell.edge: a weight has the shape [O, C / groups, kh, kw] or [O, C], not [8, 6, 3]"`,
  );
  expect(infer("conv2d", [x, flat([8, 6, 3, 3])], { ...conv, dilation: [1, 3] })).toMatchInlineSnapshot(
    `"conv2d in cell.edge: the result is empty: x [2, 6, 8, 5], weight [8, 6, 3, 3], padding [0, 0], dilation [1, 3]"`,
  );
  expect(infer("conv2d", [x, w], { ...conv, stride: [0, 1] })).toMatchInlineSnapshot(
    `"conv2d in cell.edge: stride [0, 1], padding [0, 0] and dilation [1, 1] must be whole, stride and dilation positive"`,
  );
  expect(infer("conv2d", [x], conv)).toMatchInlineSnapshot(`"conv2d in cell.edge: takes 2 inputs (x, w), but got 1"`);
  expect(infer("conv2d", [flat([2, 6]), w], conv)).toMatchInlineSnapshot(
    `"conv2d in cell.edge: x must be planes f32 [N, C, H, W], not flat f32 [2, 6]"`,
  );
  expect(infer("conv2d_dx", [planes([2, 8, 5, 4]), w], { ...conv, shape: x.shape })).toMatchInlineSnapshot(
    `"conv2d_dx in cell.edge: dy is [2, 8, 5, 4], but the convolution yields [2, 8, 6, 4]"`,
  );
  expect(infer("conv2d_dw", [x, planes([2, 8, 6, 4])], { ...conv, shape: w.shape })).toMatchInlineSnapshot(
    `"flat f32 [8, 6, 3, 2]"`,
  );
  expect(infer("add_bias", [x, flat([5])], {})).toMatchInlineSnapshot(
    `"add_bias in cell.edge: b must be flat f32 [6], not flat f32 [5]"`,
  );
});

test("batch norm", () => {
  const stats = flat([3, 6]);
  expect(infer("bn_stats", [x], { eps: 1e-5 })).toMatchInlineSnapshot(`"flat f32 [3, 6]"`);
  expect(infer("bn_apply", [x, stats, flat([6])], { affine: true, batch: true })).toMatchInlineSnapshot(
    `"bn_apply in cell.edge: takes 4 inputs (x, stats, gamma, beta), but got 3"`,
  );
  expect(infer("bn_apply", [x, stats, flat([6]), flat([5])], { affine: true, batch: true })).toMatchInlineSnapshot(
    `"bn_apply in cell.edge: beta must be flat f32 [6], not flat f32 [5]"`,
  );
  expect(infer("bn_apply", [x, flat([2, 6])], { affine: false, batch: true })).toMatchInlineSnapshot(
    `"bn_apply in cell.edge: stats must be flat f32 [3, 6], not flat f32 [2, 6]"`,
  );
  expect(infer("bn_running", [stats], { eps: 1e-5 })).toMatchInlineSnapshot(
    `"bn_running in cell.edge: running_stats must be flat f32 [2, 6], not flat f32 [3, 6]"`,
  );
  expect(infer("bn_update", [flat([2, 6]), stats], { momentum: 0.1, count: 0 })).toMatchInlineSnapshot(
    `"bn_update in cell.edge: count must be at least 1, not 0"`,
  );
  expect(infer("row", [stats], { index: 3 })).toMatchInlineSnapshot(
    `"row in cell.edge: index must be an integer from 0 to 2, not 3"`,
  );
});

test("pooling", () => {
  expect(infer("max_pool", [x], window)).toMatchInlineSnapshot(`"planes f32 [2, 6, 4, 3]"`);
  expect(infer("max_pool_argmax", [x], window)).toMatchInlineSnapshot(`"planes u32 [2, 6, 4, 3]"`);
  expect(infer("avg_pool", [x], { ...window, padding: [3, 1] })).toMatchInlineSnapshot(
    `"avg_pool in cell.edge: padding [3, 1] must be whole, not negative and smaller than the kernel [3, 3]"`,
  );
  expect(infer("avg_pool", [x], { ...window, kernel: [11, 3] })).toMatchInlineSnapshot(
    `"avg_pool in cell.edge: the result is empty: x [2, 6, 8, 5], kernel [11, 3], padding [1, 1]"`,
  );
  expect(infer("avg_pool_dx", [x], { ...window, shape: x.shape })).toMatchInlineSnapshot(
    `"avg_pool_dx in cell.edge: dy is planes f32 [2, 6, 8, 5], but pooling yields [2, 6, 4, 3]"`,
  );
  expect(
    infer("max_pool_dx", [planes([2, 6, 4, 3]), planes([2, 6, 4, 3])], { ...window, shape: x.shape }),
  ).toMatchInlineSnapshot(`"max_pool_dx in cell.edge: argmax must be u32, not planes f32 [2, 6, 4, 3]"`);
});

test("joining and slicing", () => {
  const even = { start: [0, 0], stride: [2, 2] } as const;
  const odd = { start: [1, 1], stride: [2, 2] } as const;
  const g = new GraphBuilder();
  const half = (of: TensorType, slice: typeof even | typeof odd) =>
    g.type(g.add("strided_slice", [g.input("x", of)], slice));
  // The factorized reduction of an odd size: its two halves do not fit.
  const widths = planes([2, 4, 8, 7]);
  expect(infer("concat", [half(widths, even), half(widths, odd)], {})).toMatchInlineSnapshot(
    `"concat in cell.edge: input 1 is planes f32 [2, 4, 4, 3], but input 0 is planes f32 [2, 4, 4, 4]; all sizes but the channels must agree"`,
  );
  expect(infer("concat", [x, planes([2, 1, 8, 5])], {})).toMatchInlineSnapshot(`"planes f32 [2, 7, 8, 5]"`);
  expect(infer("concat", [], {})).toMatchInlineSnapshot(`"concat in cell.edge: joins at least one tensor"`);
  expect(infer("strided_slice", [planes([2, 4, 1, 1])], odd)).toMatchInlineSnapshot(
    `"strided_slice in cell.edge: start [1, 1] lies outside x [2, 4, 1, 1]"`,
  );
  expect(infer("channel_slice", [x], { start: 4, count: 3 })).toMatchInlineSnapshot(
    `"channel_slice in cell.edge: channels 4 to 6 are not all in x [2, 6, 8, 5]"`,
  );
  expect(infer("flatten", [x], {})).toMatchInlineSnapshot(`"planes f32 [2, 240, 1, 1]"`);
  expect(infer("unflatten", [planes([2, 100, 1, 1])], { shape: [2, 4, 5, 6] })).toMatchInlineSnapshot(
    `"unflatten in cell.edge: x [2, 100, 1, 1] cannot become [2, 4, 5, 6]"`,
  );
});

test("sums and weights", () => {
  expect(infer("add", [x, planes([2, 6, 8, 4])], {})).toMatchInlineSnapshot(
    `"add in cell.edge: input 1 is planes f32 [2, 6, 8, 4], but input 0 is planes f32 [2, 6, 8, 5]; they must be alike"`,
  );
  expect(infer("weighted_sum", [flat([4]), x, x], { indices: [0, 4] })).toMatchInlineSnapshot(
    `"weighted_sum in cell.edge: an index into the weights must be an integer from 0 to 3, not 4"`,
  );
  expect(infer("weighted_sum", [flat([4]), x, x], { indices: [0] })).toMatchInlineSnapshot(
    `"weighted_sum in cell.edge: 2 tensors need as many indices, not [0]"`,
  );
  expect(infer("weighted_sum", [flat([4])], { indices: [] })).toMatchInlineSnapshot(
    `"weighted_sum in cell.edge: sums at least one tensor"`,
  );
  expect(infer("weighted_sum_dw", [x, x, x], { indices: [3, 0], size: 4 })).toMatchInlineSnapshot(`"flat f32 [4]"`);
  expect(infer("pair_distances", [x, x, x, x], {})).toMatchInlineSnapshot(`"flat f32 [6, 2]"`);
  expect(infer("pair_distances", [x], {})).toMatchInlineSnapshot(
    `"pair_distances in cell.edge: compares at least two tensors, not 1"`,
  );
  expect(infer("scale_by", [x, flat([2, 2])], { index: 0 })).toMatchInlineSnapshot(
    `"scale_by in cell.edge: w must be flat f32 of rank 1, not flat f32 [2, 2]"`,
  );
  expect(infer("scale_samples", [x, flat([3])], {})).toMatchInlineSnapshot(
    `"scale_samples in cell.edge: m must be flat f32 [2], not flat f32 [3]"`,
  );
  expect(infer("softmax", [x], {})).toMatchInlineSnapshot(
    `"softmax in cell.edge: a must be flat f32 of rank 1, not planes f32 [2, 6, 8, 5]"`,
  );
  expect(infer("expand", [flat([2])], { shape: [3], factor: 1 })).toMatchInlineSnapshot(
    `"expand in cell.edge: s must be flat f32 [1], not flat f32 [2]"`,
  );
});

test("loss", () => {
  const logits = planes([2, 10, 1, 1]);
  const labels = flat([2], "u32");
  expect(infer("cross_entropy", [logits, labels], { smoothing: 0.1 })).toMatchInlineSnapshot(`"flat f32 [2]"`);
  expect(infer("cross_entropy", [logits, flat([2])], { smoothing: 0 })).toMatchInlineSnapshot(
    `"cross_entropy in cell.edge: labels must be flat u32 [2], not flat f32 [2]"`,
  );
  expect(infer("cross_entropy", [x, labels], { smoothing: 0 })).toMatchInlineSnapshot(
    `"cross_entropy in cell.edge: logits must be [N, K, 1, 1], not planes f32 [2, 6, 8, 5]"`,
  );
  expect(infer("cross_entropy", [logits, labels], { smoothing: 1 })).toMatchInlineSnapshot(
    `"cross_entropy in cell.edge: smoothing must be in [0, 1), not 1"`,
  );
  expect(infer("top_k", [logits, labels], { k: 0 })).toMatchInlineSnapshot(
    `"top_k in cell.edge: k must be a positive integer, not 0"`,
  );
});

test("random ops have a probability, alike branches and a stream", () => {
  expect(infer("dropout", [x], { index: 0, probability: 1 })).toMatchInlineSnapshot(
    `"dropout in cell.edge: probability must lie in [0, 1), not 1"`,
  );
  expect(infer("shake", [x, planes([2, 6, 8, 4])], { index: 0 })).toMatchInlineSnapshot(
    `"shake in cell.edge: x1 is planes f32 [2, 6, 8, 4], but x0 is planes f32 [2, 6, 8, 5]; they must be alike"`,
  );
  expect(infer("shake_dx", [x], { index: -1, branch: 0 })).toMatchInlineSnapshot(
    `"shake_dx in cell.edge: index must be a whole number from 0 on, not -1"`,
  );
});

test("sources have real sizes", () => {
  expect(infer("fill", [], { type: planes([2, 0, 1, 1]), value: 0 })).toMatchInlineSnapshot(
    `"fill in cell.edge: sizes must be positive integers, not planes f32 [2, 0, 1, 1]"`,
  );
  expect(infer("fill", [], { type: planes([2, 3]), value: 0 })).toMatchInlineSnapshot(
    `"fill in cell.edge: planes have four sizes, not planes f32 [2, 3]"`,
  );
  expect(infer("drop_path_mask", [], { index: 0, samples: 1.5 })).toMatchInlineSnapshot(
    `"drop_path_mask in cell.edge: sizes must be positive integers, not flat f32 [1.5]"`,
  );
});
