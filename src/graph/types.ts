/**
 * The vocabulary of the tensor program.
 *
 * A `Graph` is a list of nodes in static single assignment form: every node yields exactly one tensor, its shape is known
 * when the graph is built, and inputs precede their users. Forward, backward and updates of running statistics live in
 * the same graph; nothing is hidden in closures, so a pass may rewrite anything.
 *
 * Tensors come in two layouts:
 *
 * - `planes`: an activation, shape [N, C, H, W]. Backends choose the storage (the GPU keeps planes of channel quads,
 *   `[ceil(C/4)][N*H*W]` of vec4, padding lanes always zero); at every API it is row-major NCHW.
 * - `flat`: a row-major vector of any rank: parameters in PyTorch's layouts (conv weights OIHW, depthwise [C, 1, kh, kw],
 *   linear [out, in]), per-channel statistics, alphas, labels, per-sample values, scalars (shape [1]).
 */
export type Layout = "planes" | "flat";
export type DType = "f32" | "u32";

export interface TensorType {
  readonly layout: Layout;
  readonly dtype: DType;
  readonly shape: readonly number[];
}

/** Index of the node that yields the value; only meaningful within one graph. */
export type Value = number & { readonly __value: unique symbol };

/** Which arena a parameter lives in. `state` is what training writes but no gradient reaches: running statistics. */
export type ParamRole = "weights" | "alphas" | "state";

/** How a parameter starts. Formulas are those of PyTorch's defaults and of Archai's op initialisers. */
export type Init =
  | { readonly kind: "constant"; readonly value: number }
  /** U(-1/sqrt(fanIn), 1/sqrt(fanIn)): PyTorch's Kaiming-uniform with a = sqrt(5), for conv and linear weights and biases. */
  | { readonly kind: "uniform_fan_in"; readonly fanIn: number }
  /** N(0, std^2). */
  | { readonly kind: "normal"; readonly std: number }
  /** Row 0 zeros, row 1 ones: running mean and variance of a batch norm that has seen nothing. */
  | { readonly kind: "running_stats" };

export interface ParamSpec {
  /** PyTorch's `named_parameters()` name; running statistics are `<batch norm>.running_stats`, shape [2, C]: mean, variance. */
  readonly name: string;
  readonly role: ParamRole;
  readonly shape: readonly number[];
  readonly init: Init;
  /** Batch-norm scale and shift: `decay_bn` gives them a weight decay of their own. */
  readonly batchNorm?: boolean;
}

export interface Node<K extends OpName = OpName> {
  readonly op: K;
  readonly inputs: readonly Value[];
  readonly attrs: OpAttrs[K];
  readonly type: TensorType;
  /** Name of the module the node was lowered from; for people, never for decisions. */
  readonly scope: string;
}

/** A tensor that leaves the program: into an arena slot, or under a name for whoever runs it. */
export interface Output {
  readonly name: string;
  readonly value: Value;
  /**
   * Arena slot that receives the value, addressed by a parameter: `grad` is the gradient arena of that parameter's role,
   * `param` overwrites the parameter itself (running statistics) after every read of it.
   */
  readonly into?: { readonly arena: "grad" | "param"; readonly param: string };
}

/**
 * Nodes that a backend may compute together with `producer`, since they read what it has at hand (statistics of its result,
 * for example). Their other inputs precede the producer. Advice: the nodes mean the same without it.
 */
export interface Epilogue {
  readonly producer: Value;
  readonly followers: readonly Value[];
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly outputs: readonly Output[];
  readonly params: readonly ParamSpec[];
  /** Set by the last pass; graphs made from this one do not inherit it. */
  readonly epilogues?: readonly Epilogue[];
}

export interface Window2d {
  /** [vertical, horizontal] everywhere. */
  readonly kernel: readonly [number, number];
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
}

export interface Conv2dAttrs {
  readonly stride: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
  /** 1 (dense) or the number of input channels (depthwise). */
  readonly groups: number;
}

/**
 * What a bundle does to x while loading it: nothing, ReLU, or a batch norm and then ReLU. With `norm` the inputs after x are
 * the batch norm's stats [3, channels of x] and, if affine, gamma and beta [channels of `readRange`].
 */
export interface Load {
  readonly relu: boolean;
  /** `batch` says that stats are those of x itself, so that the gradient by x runs through them too. */
  readonly norm?: { readonly affine: boolean; readonly batch: boolean };
}

/** One depthwise convolution of a bundle: it reads `channels` channels of x from `start` on. Weight [channels, 1, kh, kw]. */
export interface DepthwiseBranch {
  readonly start: number;
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly dilation: readonly [number, number];
}

/**
 * Sibling depthwise convolutions as one op. Branches may read the same channels; their results lie one after another along
 * the channels of the output and all have its height and width.
 */
export interface DepthwiseAttrs {
  readonly branches: readonly DepthwiseBranch[];
  readonly stride: readonly [number, number];
  readonly load: Load;
}

/**
 * One 1x1 convolution of a bundle: `inputs` channels of x from `start` on; weight [outputs, inputs, 1, 1]. It reads the pixels
 * offset + stride * output position (FactorizedReduce takes the odd ones in its second half).
 */
export interface PointwiseBranch {
  readonly start: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly offset: readonly [number, number];
}

/** Shape of weights [O, C, kh, kw], one after another, as one weight with all their outputs. */
export const joinedShape = (shapes: readonly (readonly number[])[]): number[] => [
  shapes.reduce((sum, [outputs = 0]) => sum + outputs, 0),
  ...shapes[0]!.slice(1),
];

/** Sibling dense convolutions with windows alike. */
export type DenseAttrs = Omit<Conv2dAttrs, "groups">;

/** Sibling 1x1 convolutions as one op: a grouped matrix product. Results lie one after another along the channels. */
export interface PointwiseAttrs {
  readonly branches: readonly PointwiseBranch[];
  readonly stride: readonly [number, number];
  readonly load: Load;
}

/**
 * A term of `mix`; numbers are indices into the node's inputs. It takes `channels` channels of x from `start` on, of whose
 * batch norm stats [3, channels of x], gamma and beta [channels] may be given, and a factor: one element of a vector. `clip` of
 * the factor is that of a `weighted_sum`.
 */
export interface MixTerm {
  readonly x: number;
  readonly start: number;
  readonly norm?: { readonly stats: number; readonly batch: boolean; readonly gamma?: number; readonly beta?: number };
  readonly weight?: { readonly vector: number; readonly index: number; readonly clip?: number };
}

export interface MixAttrs {
  readonly channels: number;
  readonly terms: readonly MixTerm[];
}

/**
 * What a sum takes from a `pool_pair` of x: pools of `channels` channels of x from `start` on. The gradients by the largest
 * values are row `largest` of gₛ times dyₛ (s is `source`), those by the means row `mean` times dyₛ; without a row it does not
 * take these. Terms of one source do not overlap.
 */
export interface PoolTerm {
  readonly start: number;
  readonly channels: number;
  readonly source: number;
  readonly largest?: number;
  readonly mean?: number;
}

type Shape = { readonly shape: readonly number[] };
type None = Record<string, never>;

/**
 * Every op of the tensor program with its attributes. Inputs in order, then the result.
 * `src/graph/ops/` gives shapes and gradients, `src/runtime/reference/` the definition in double precision.
 */
export interface OpAttrs {
  // ── sources ──────────────────────────────────────────────────────────────────────────────────────────────────────
  /** () → a tensor fed by whoever runs the program: images (planes), labels (flat u32 [N]), masks (flat [N]). */
  input: { readonly name: string; readonly type: TensorType };
  /** () → a parameter, flat. */
  param: { readonly name: string; readonly role: ParamRole; readonly shape: readonly number[] };
  /** () → a tensor filled with one number. */
  fill: { readonly type: TensorType; readonly value: number };
  /**
   * () → flat [N]: 0 with the step's drop-path probability p, else 1/(1-p); element n is draw n of random stream
   * `dropPath` with sub-stream `index` in the current step.
   */
  drop_path_mask: { readonly index: number; readonly samples: number };

  // ── convolution, linear ──────────────────────────────────────────────────────────────────────────────────────────
  /** (x [N,C,H,W], w [O, C/groups, kh, kw]) → [N,O,H',W']; cross-correlation, zero padding. */
  conv2d: Conv2dAttrs;
  /** (dy, w) → gradient by x; `shape` is x's. */
  conv2d_dx: Conv2dAttrs & Shape;
  /** (x, dy) → gradient by w, flat; `shape` is w's. */
  conv2d_dw: Conv2dAttrs & Shape;
  /** (x [N,C,H,W], b [C]) → x + b per channel. */
  add_bias: None;
  /** (x [N,C,H,W]) → flat [C]: sum over N, H, W. */
  channel_sum: None;

  // ── batch norm ───────────────────────────────────────────────────────────────────────────────────────────────────
  /** (x) → flat [3, C]: mean, 1/sqrt(var + eps), biased variance, over N, H, W. */
  bn_stats: { readonly eps: number };
  /** (running_stats [2, C]) → flat [3, C] in the format of `bn_stats`: evaluation mode. */
  bn_running: { readonly eps: number };
  /**
   * (x, stats [3,C], and if affine: gamma [C], beta [C]) → (x - mean) * rstd * gamma + beta.
   * `batch` says that stats are those of x itself, so that the gradient by x runs through them too.
   */
  bn_apply: { readonly affine: boolean; readonly batch: boolean };
  /** (dy, x, stats) → flat [2, C]: sum of dy, sum of dy * x̂. These are the gradients by beta and by gamma. */
  bn_sums: None;
  /** (x flat [R, C]) → flat [C]: row `index`. Takes the gradients by beta (0) and gamma (1) out of `bn_sums`. */
  row: { readonly index: number };
  /** (dy, x, stats, sums, and if affine: gamma) → gradient by x of `bn_apply`; with `batch` false the sums are ignored. */
  bn_dx: { readonly affine: boolean; readonly batch: boolean };
  /**
   * (running_stats [2,C], stats [3,C]) → new running_stats: old + momentum * (batch - old), the variance unbiased by
   * count / (count - 1), where `count` is N*H*W (as PyTorch; with count 1 the biased variance, 0, is taken).
   */
  bn_update: { readonly momentum: number; readonly count: number };

  // ── pointwise, pooling, shape ────────────────────────────────────────────────────────────────────────────────────
  relu: None;
  /** (dy, y) → dy where y > 0; y is the ReLU's result (or its argument: the sign test is the same). */
  relu_dx: None;
  /** (x) → min(max(x, 0), 6). */
  relu6: None;
  /** (dy, y) → dy where 0 < y < 6; y is the result of `relu6`. */
  relu6_dx: None;
  /**
   * (x [N,C,H,W]) → 0 with this probability p, else x / (1-p). Element (n, c, y, x) takes word c mod 4 of draw
   * (n * ceil(C/4) + floor(c/4)) * H*W + y*W + x of random stream `dropout` with sub-stream `index` in the current step;
   * samples are counted through the batch. It is its own gradient.
   */
  dropout: { readonly index: number; readonly probability: number };
  /**
   * (x₀, x₁) → α[n] * x₀ + (1 - α[n]) * x₁: shake-shake. α[n] in [0, 1) is word 0 of draw n of random stream `shake` with
   * sub-stream `index` in the current step; samples are counted through the batch.
   */
  shake: { readonly index: number };
  /** (dy) → β[n] * dy for branch 0, (1 - β[n]) * dy for branch 1: β[n] is word 1 of `shake`'s draw, on purpose not α[n]. */
  shake_dx: { readonly index: number; readonly branch: 0 | 1 };
  /** (x) → largest in each window; padding never wins. */
  max_pool: Window2d;
  /** (x) → planes u32: offset ky*kw+kx of the first largest element of each window in row-major order. */
  max_pool_argmax: Window2d;
  /** (dy, argmax) → gradient by x; `shape` is x's. */
  max_pool_dx: Window2d & Shape;
  /** (x) → mean of the real (unpadded) pixels in each window. */
  avg_pool: Window2d;
  /** (dy) → gradient by x; `shape` is x's. */
  avg_pool_dx: Window2d & Shape;
  /** (x) → [N,C,1,1], mean over H and W. */
  global_avg_pool: None;
  /** (dy [N,C,1,1]) → gradient by x; `shape` is x's. */
  global_avg_pool_dx: Shape;
  /** (x, y, …) → joined along channels. */
  concat: None;
  /** (x) → channels start … start+count-1. */
  channel_slice: { readonly start: number; readonly count: number };
  /** (x) → x[:, :, start_y::stride_y, start_x::stride_x]. */
  strided_slice: { readonly start: readonly [number, number]; readonly stride: readonly [number, number] };
  /** (dy) → gradient by x, zero where nothing was taken; `shape` is x's. */
  strided_slice_dx: { readonly start: readonly [number, number]; readonly stride: readonly [number, number] } & Shape;
  /** (x [N,C,H,W]) → [N, C*H*W, 1, 1] in NCHW order. */
  flatten: None;
  /** (x [N, C*H*W, 1, 1]) → `shape` [N,C,H,W]: the inverse, and its gradient. */
  unflatten: Shape;

  // ── bundles: what the passes make of siblings ───────────────────────────────────────────────────────────────────
  /** (x [N,C,H,W], load's inputs, w per branch) → [N, Σ channels, H', W']: sibling depthwise convolutions. */
  depthwise: DepthwiseAttrs;
  /**
   * (dy, w per branch) or, if the load has a ReLU, (dy, x, load's inputs, w per branch) → gradient by what the ReLU was
   * applied to (bn(x) or x), zero where that is not positive; channels of `readRange` only. `shape` is x's.
   */
  depthwise_dx: DepthwiseAttrs & Shape;
  /** (x, load's inputs, dy) → gradients by the weights, flat, one after another. */
  depthwise_dw: DepthwiseAttrs;
  /** (x [N,C,H,W], load's inputs, w per branch) → [N, Σ outputs, H', W']: sibling 1x1 convolutions. */
  pointwise: PointwiseAttrs & { readonly size: readonly [number, number] };
  /** As `depthwise_dx`. `shape` is x's. */
  pointwise_dx: PointwiseAttrs & Shape;
  /** (x, load's inputs, dy) → gradients by the weights, flat, one after another. */
  pointwise_dw: PointwiseAttrs;
  /** (x [N,C,H,W], w [O, C, kh, kw], …) → [N, Σ O, H', W']: dense convolutions of all of x. */
  dense: DenseAttrs;
  /** (dy, w, …) → gradient by x; `shape` is x's. */
  dense_dx: DenseAttrs & Shape;
  /** (x, dy) → gradients by the weights, flat, one after another; `shapes` are theirs. */
  dense_dw: DenseAttrs & { readonly shapes: readonly (readonly number[])[] };
  /**
   * (…) → [N, channels, H, W]: Σ over terms of weight * norm(x[start …]), the inputs as the terms name them. Without weight the
   * factor is 1, without norm the channels are taken as they are.
   */
  mix: MixAttrs;
  /**
   * (dy, the inputs of `mix`) → flat [1 + 4 * terms, channels]. Row 0: S0 = Σ dy over N, H, W. Term t has rows 1 + 4t …:
   * S1 = Σ dy * x̂ (x̂ normalised without gamma and beta, or x itself), then A, B and C of the gradient by its channels of x,
   * A * dy + B * x + C: with f = weight * gamma * rstd and n = N*H*W these are f, -f * rstd * S1 / n and
   * f * (mean * rstd * S1 - S0) / n; with statistics that are not of the batch, or none, B = C = 0.
   * Terms' indices count from `mix`'s inputs, without dy.
   */
  mix_grad: MixAttrs;
  /**
   * (x, dy₀, g₀, dy₁, g₁, …) → gradient by x: sum over terms of A * dyₛ + B * x + C on `channels` channels from `start` on, with
   * A, B, C the rows row, row + 1, row + 2 of gₛ (s is `source`). Zero on channels that no term covers. `plain` promises that B
   * and C are zero.
   */
  mix_dx: {
    readonly terms: readonly {
      readonly start: number;
      readonly channels: number;
      readonly source: number;
      readonly row: number;
      readonly plain: boolean;
    }[];
  };
  /**
   * (g₀ [R₀, C₀], g₁, …) → flat [size]: element `index` is the sum of row `row` of g_source (of several such rows, if several
   * name it), others 0.
   */
  mix_dw: {
    readonly rows: readonly { readonly source: number; readonly row: number; readonly index: number }[];
    readonly size: number;
  };
  /**
   * (dy, the inputs of `mix`) → flat [terms, 1]: Σ over samples n of N * ⟨dy, x̂⟩ₙ, each cut to ±clip, where ⟨dy, x̂⟩ₙ is the sum of
   * dy * x̂ over sample n. With dy the gradient of a mean over N samples, that is how each sample's own loss depends on the term's
   * weight (where samples do not meet in batch norms), bounded and added up. Terms' weights, gamma and beta are ignored; indices count from `mix`'s inputs, without dy.
   */
  sample_dots: MixAttrs & { readonly clip: number };
  /** (x [N,C,H,W]) → [N, 2C, H', W']: max_pool, then avg_pool. */
  pool_pair: Window2d;
  /** (dy [N,2C,H',W'], argmax) → gradient by x; `shape` is x's. */
  pool_pair_dx: Window2d & Shape;
  /**
   * (argmax, dy₀, g₀, dy₁, g₁, …) → gradient by x of a `pool_pair` whose channels several sums take as they are: `pool_pair_dx`
   * of the `plain` terms of a `mix_dx`, which is never stored. `shape` is x's.
   */
  pool_pair_mix_dx: Window2d & Shape & { readonly terms: readonly PoolTerm[] };
  /** (x flat) → `shape`: elements from `start` on. */
  flat_slice: { readonly start: number } & Shape;
  /** (x flat [R, C]) → [R, count]: columns from `start` on. */
  columns: { readonly start: number; readonly count: number };
  /**
   * (running₀ [2,C₀], …, stats…) → flat, one after another: `bn_update` of each running statistic; `stats` is the index of an
   * input [3, C], of which it takes columns from `start` on.
   */
  bn_updates: {
    readonly updates: readonly {
      readonly stats: number;
      readonly start: number;
      readonly momentum: number;
      readonly count: number;
    }[];
  };

  // ── sums and weights ─────────────────────────────────────────────────────────────────────────────────────────────
  /** (x, y, …) → their sum, in order; any layout, all of one type. */
  add: None;
  /** (x) → factor * x; any layout. */
  scale: { readonly factor: number };
  /**
   * (w [K], x₀, x₁, …) → Σ w[indices[i]] * xᵢ. With `clip` (planes only) the gradient by w is not the derivative but what
   * `sample_dots` makes of it: each sample's by itself, cut to ±clip, and their sum.
   */
  weighted_sum: { readonly indices: readonly number[]; readonly clip?: number };
  /** (dy, x₀, x₁, …) → flat [size]: element indices[i] is Σ dy * xᵢ, all others 0. */
  weighted_sum_dw: { readonly indices: readonly number[]; readonly size: number };
  /**
   * (x₀, x₁, …) → flat [pairs, N]: the squared Euclidean distance between each sample of xᵢ and that of xⱼ, pairs i < j in the
   * order 0 1, 0 2, …, 1 2, ….
   */
  pair_distances: None;
  /** (x, w [K]) → w[index] * x. */
  scale_by: { readonly index: number };
  /** (x [N,C,H,W], m [N]) → x[n] * m[n]. */
  scale_samples: None;
  /** (a [K], …) → flat, one after another: the softmax of each vector. */
  softmax: None;
  /** (y, dy) → gradients by the vectors, one after another; y is the softmax of `vectors` of them. */
  softmax_dx: { readonly vectors: number };
  /**
   * (a₀ [K], a₁ [K], …) → flat [all elements]: Gumbel-softmax samples (Jang et al. 2017, Maddison et al. 2017) of one choice
   * among the elements of all vectors a: the mean over `samples` of softmax((a + g) / τ), with τ the step's temperature and
   * g = -log(-log u). Element i of sample s is draw s * elements + i of random stream `gumbel` with sub-stream `index` in the
   * current step, four draws a block. 0 samples: softmax(a), the probabilities of the choice that the samples relax.
   */
  gumbel_softmax: { readonly index: number; readonly samples: number };
  /** (dy, a₀, a₁, …) → gradients by the vectors, one after another, through the samples that `gumbel_softmax` draws. */
  gumbel_softmax_dx: { readonly index: number; readonly samples: number };
  /** (a [K]) → its elements, largest first. */
  sort_descending: None;
  /** (a [K]) → a / Σ a. */
  normalize: None;
  /** (a, dy) → gradient by a. */
  normalize_dx: None;
  /** (v flat) → [1]: sum of absolute values. */
  abs_sum: None;
  /** (v flat, dy [1]) → dy * sign(v), sign(0) = 0. */
  abs_sum_dx: None;
  /** (x) → x; no gradient passes. */
  stop_gradient: None;
  /** (x) → zeros; the gradient passes as if it were the identity (Petridish's stop-forward). */
  stop_forward: None;

  // ── loss and metrics ─────────────────────────────────────────────────────────────────────────────────────────────
  /**
   * (logits [N,K,1,1], labels u32 [N]) → flat [N]: -Σ_k t_k log softmax(logits)_k with t = 1 - smoothing at the label and
   * smoothing / (K - 1) elsewhere (the reference's form, not PyTorch's).
   */
  cross_entropy: { readonly smoothing: number };
  /** (logits, labels, dloss [N]) → gradient by logits. */
  cross_entropy_dx: { readonly smoothing: number };
  /** (logits, labels) → flat [N]: 1 where fewer than k logits are larger than the label's (ties broken by lower class first), else 0. */
  top_k: { readonly k: number };
  /** (v flat) → [1]: mean of all elements. */
  mean: None;
  /** (s [1]) → flat `shape`, every element factor * s. */
  expand: Shape & { readonly factor: number };
}

export type OpName = keyof OpAttrs;

export const planes = (shape: readonly number[], dtype: DType = "f32"): TensorType => ({
  layout: "planes",
  dtype,
  shape,
});
export const flat = (shape: readonly number[], dtype: DType = "f32"): TensorType => ({ layout: "flat", dtype, shape });

/** Number of elements of a tensor of this type, padding lanes not counted. */
export const elements = (type: TensorType): number => type.shape.reduce((product, size) => product * size, 1);

/** [N, C, H, W] of an activation. */
export function dims4(type: TensorType): [number, number, number, number] {
  const [n = 0, c = 0, h = 0, w = 0] = type.shape;
  return [n, c, h, w];
}
