import type { OpName } from "../../../graph/types.ts";
import type { Kernels, Lower } from "../kernel.ts";
import { add } from "./add.ts";
import { bnApply } from "./bn-apply.ts";
import { bnDx } from "./bn-dx.ts";
import { bnRunning, bnStats, bnUpdate } from "./bn-stats.ts";
import { bnSums } from "./bn-sums.ts";
import { bnUpdates } from "./bn-updates.ts";
import { channelSlice, concat } from "./channels.ts";
import { convKernels } from "./conv-index.ts";
import { copy } from "./copy.ts";
import { crossEntropy, crossEntropyDx, topK } from "./cross-entropy.ts";
import { depthwiseBundle } from "./depthwise-bundle.ts";
import { depthwiseBundleDw } from "./depthwise-bundle-dw.ts";
import { depthwiseBundleDx } from "./depthwise-bundle-dx.ts";
import { dropPathMask } from "./drop-path-mask.ts";
import { dropout } from "./dropout.ts";
import { fill, stopForward } from "./fill.ts";
import { columns, flatSlice, row } from "./flat-slices.ts";
import { absSum, absSumDx, expand, mean } from "./flat-sums.ts";
import { flatten, unflatten } from "./flatten.ts";
import { globalAvgPool, globalAvgPoolDx } from "./global-avg-pool.ts";
import { gumbelSoftmax, gumbelSoftmaxDx } from "./gumbel.ts";
import { mix } from "./mix.ts";
import { mixDw } from "./mix-dw.ts";
import { mixDx } from "./mix-dx.ts";
import { mixGrad } from "./mix-grad.ts";
import { pairDistances } from "./pair-distances.ts";
import { pointwiseBundle } from "./pointwise-bundle.ts";
import { pointwiseBundleDw } from "./pointwise-bundle-dw.ts";
import { pointwiseBundleDx } from "./pointwise-bundle-dx.ts";
import { avgPool, avgPoolDx, maxPool, maxPoolArgmax, maxPoolDx } from "./pool.ts";
import { poolPair } from "./pool-pair.ts";
import { poolPairDx, poolPairMixDx } from "./pool-pair-dx.ts";
import { relu, relu6, relu6Dx, reluDx } from "./relu.ts";
import { sampleDots } from "./sample-dots.ts";
import { scale, scaleBy, scaleSamples } from "./scale.ts";
import { shake, shakeDx } from "./shake.ts";
import { softmax, softmaxDx } from "./softmax.ts";
import { stridedSlice, stridedSliceDx } from "./strided-slice.ts";
import { normalize, normalizeDx, sortDescending } from "./vector.ts";
import { weightedSum } from "./weighted-sum.ts";
import { weightedSumDw } from "./weighted-sum-dw.ts";

type Source = "input" | "param";
type ConvOp = "conv2d" | "conv2d_dx" | "conv2d_dw" | "dense" | "dense_dx" | "dense_dw" | "add_bias" | "channel_sum";

/** Every op but those of `convKernels` and the sources, which the program places itself. */
const otherKernels: { readonly [K in Exclude<OpName, Source | ConvOp>]: Lower<K> } = {
  fill,
  drop_path_mask: dropPathMask,
  bn_stats: bnStats,
  bn_running: bnRunning,
  bn_apply: bnApply,
  bn_sums: bnSums,
  bn_dx: bnDx,
  bn_update: bnUpdate,
  bn_updates: bnUpdates,
  row,
  flat_slice: flatSlice,
  columns,
  relu,
  relu_dx: reluDx,
  relu6,
  relu6_dx: relu6Dx,
  dropout,
  shake,
  shake_dx: shakeDx,
  max_pool: maxPool,
  max_pool_argmax: maxPoolArgmax,
  max_pool_dx: maxPoolDx,
  avg_pool: avgPool,
  avg_pool_dx: avgPoolDx,
  depthwise_dw: depthwiseBundleDw,
  depthwise: depthwiseBundle,
  depthwise_dx: depthwiseBundleDx,
  pointwise: pointwiseBundle,
  pointwise_dw: pointwiseBundleDw,
  pointwise_dx: pointwiseBundleDx,
  mix,
  mix_grad: mixGrad,
  sample_dots: sampleDots,
  mix_dx: mixDx,
  mix_dw: mixDw,
  pool_pair: poolPair,
  pool_pair_dx: poolPairDx,
  pool_pair_mix_dx: poolPairMixDx,
  global_avg_pool: globalAvgPool,
  global_avg_pool_dx: globalAvgPoolDx,
  concat,
  channel_slice: channelSlice,
  strided_slice: stridedSlice,
  strided_slice_dx: stridedSliceDx,
  flatten,
  unflatten,
  add,
  scale,
  weighted_sum: weightedSum,
  weighted_sum_dw: weightedSumDw,
  pair_distances: pairDistances,
  scale_by: scaleBy,
  scale_samples: scaleSamples,
  softmax,
  softmax_dx: softmaxDx,
  gumbel_softmax: gumbelSoftmax,
  gumbel_softmax_dx: gumbelSoftmaxDx,
  sort_descending: sortDescending,
  normalize,
  normalize_dx: normalizeDx,
  stop_gradient: copy,
  stop_forward: stopForward,
  cross_entropy: crossEntropy,
  cross_entropy_dx: crossEntropyDx,
  top_k: topK,
  mean,
  expand,
  abs_sum: absSum,
  abs_sum_dx: absSumDx,
};

/** The lowering of every op of the tensor program. */
export const kernels: Kernels = { ...otherKernels, ...convKernels };
