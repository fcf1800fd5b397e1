import type { Init, Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import * as layers from "../ops/layers.ts";

const ZERO: Init = { kind: "constant", value: 0 };

/** N(0, 2 / fan): what keeps the variance through ReLUs (He et al. 2015, arXiv:1502.01852, section 2.2). */
export const heNormal = (fan: number): Init => ({ kind: "normal", std: Math.sqrt(2 / fan) });

export interface Conv {
  readonly out: number;
  readonly kernel: number;
  readonly stride?: number;
  /** Default keeps the size at stride 1. */
  readonly padding?: number;
  readonly depthwise?: boolean;
  /** Default false; it starts at zero. */
  readonly bias?: boolean;
  /** By which fan the weight starts He-normal; as PyTorch, fan-out does not count groups. Default out. */
  readonly fan?: "in" | "out";
}

/** A convolution (module `module`) that starts as He et al. propose. */
export function conv(ctx: LowerContext, module: string, x: Value, layer: Conv): Value {
  const { out, kernel, stride = 1, padding = Math.floor(kernel / 2), depthwise = false, bias = false } = layer;
  const chIn = channelsOf(ctx, x);
  const fanIn = depthwise ? 1 : chIn;
  const init = heNormal((layer.fan === "in" ? fanIn : out) * kernel * kernel);
  const y = layers.conv2d(ctx, module, x, { chIn, chOut: out, kernel, stride, padding, depthwise, init });
  if (!bias) return y;
  return ctx.child(module, (sub) => ctx.g.add("add_bias", [y, sub.param("bias", [out], ZERO)], {}));
}

/** Batch norm with scale and shift. */
export const norm = (ctx: LowerContext, module: string, x: Value): Value => layers.batchNorm(ctx, module, x, true);

export const normRelu = (ctx: LowerContext, module: string, x: Value): Value => layers.relu(ctx, norm(ctx, module, x));

export const relu = layers.relu;

/**
 * Fully connected layer on all features of a sample; its bias starts at zero.
 * @param weight how its weight starts; default is PyTorch's U(-1/sqrt(in), 1/sqrt(in))
 */
export function linear(ctx: LowerContext, module: string, x: Value, features: number, weight?: Init): Value {
  const [, c = 0, h = 0, w = 0] = ctx.g.type(x).shape;
  return layers.linear(ctx, module, x, c * h * w, features, weight ? { weight, bias: ZERO } : { bias: ZERO });
}

/** Mean of each plane, then PyTorch's default linear layer: how most networks end. */
export function pooledLogits(ctx: LowerContext, module: string, x: Value, classes: number): Value {
  return layers.linear(ctx, module, globalPool(ctx, x), channelsOf(ctx, x), classes);
}

export const globalPool = (ctx: LowerContext, x: Value): Value => ctx.g.add("global_avg_pool", [x], {});

export const maxPool = (ctx: LowerContext, x: Value, kernel: number, padding = 0): Value =>
  ctx.g.add("max_pool", [x], { kernel: [kernel, kernel], stride: [2, 2], padding: [padding, padding] });

/** Means of 2x2 blocks. */
export const halve = (ctx: LowerContext, x: Value): Value =>
  ctx.g.add("avg_pool", [x], { kernel: [2, 2], stride: [2, 2], padding: [0, 0] });

export const add = (ctx: LowerContext, a: Value, b: Value): Value => ctx.g.add("add", [a, b], {});

/** Drops activations while training. @param index tells the network's dropouts apart */
export function dropout(ctx: LowerContext, x: Value, probability: number, index: number): Value {
  return ctx.options.training ? ctx.g.add("dropout", [x], { index, probability }) : x;
}

export function channelsOf(ctx: LowerContext, x: Value): number {
  return ctx.g.type(x).shape[1] ?? 0;
}

/** x with channels of zeros before and behind. */
export function padChannels(ctx: LowerContext, x: Value, before: number, behind: number): Value {
  const { g } = ctx;
  const [n = 0, , h = 0, w = 0] = g.type(x).shape;
  const zeros = (channels: number) =>
    channels > 0 ? [g.add("fill", [], { type: { ...g.type(x), shape: [n, channels, h, w] }, value: 0 })] : [];
  return before + behind === 0 ? x : g.add("concat", [...zeros(before), x, ...zeros(behind)], {});
}
