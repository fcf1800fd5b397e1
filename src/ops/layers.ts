import type { Init, Value } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";

const EPS = 1e-5;
const MOMENTUM = 0.1;

type Pair = readonly [number, number];

export interface ConvLayer {
  readonly chIn: number;
  readonly chOut: number;
  readonly kernel: number | Pair;
  readonly stride?: number;
  readonly padding?: number;
  readonly dilation?: number;
  readonly depthwise?: boolean;
  /** How its weight starts; default is PyTorch's. */
  readonly init?: Init;
}

const pair = (value: number | Pair): Pair => (typeof value === "number" ? [value, value] : value);

/** Convolution without bias; its weight is `<module>.weight`, OIHW. */
export function conv2d(ctx: LowerContext, module: string, x: Value, layer: ConvLayer): Value {
  const groups = layer.depthwise ? layer.chIn : 1;
  const shape = [layer.chOut, layer.chIn / groups, ...pair(layer.kernel)];
  return ctx.child(module, (sub) =>
    ctx.g.add("conv2d", [x, sub.weight("weight", shape, layer.init)], {
      stride: pair(layer.stride ?? 1),
      padding: pair(layer.padding ?? 0),
      dilation: pair(layer.dilation ?? 1),
      groups,
    }),
  );
}

/**
 * Batch norm over N, H, W. In training mode it normalises with the batch's own statistics and moves the running ones
 * (state parameter `<module>.running_stats`, [2, C]: mean, variance); in evaluation mode it uses the running ones.
 */
export function batchNorm(ctx: LowerContext, module: string, x: Value, affine = ctx.options.affine): Value {
  const { g } = ctx;
  const [n = 0, channels = 0, h = 0, w = 0] = g.type(x).shape;
  return ctx.child(module, (sub) => {
    const scaleAndShift = affine
      ? [
          sub.param("weight", [channels], { kind: "constant", value: 1 }, "weights", true),
          sub.param("bias", [channels], { kind: "constant", value: 0 }, "weights", true),
        ]
      : [];
    const running = sub.param("running_stats", [2, channels], { kind: "running_stats" }, "state");
    const batch = ctx.options.training;
    const stats = batch ? g.add("bn_stats", [x], { eps: EPS }) : g.add("bn_running", [running], { eps: EPS });
    if (batch) {
      const name = sub.name("running_stats");
      const updated = g.add("bn_update", [running, stats], { momentum: MOMENTUM, count: n * h * w });
      g.output(name, updated, { arena: "param", param: name });
    }
    return g.add("bn_apply", [x, stats, ...scaleAndShift], { affine, batch });
  });
}

export function relu(ctx: LowerContext, x: Value): Value {
  return ctx.g.add("relu", [x], {});
}

/** Convolution, then batch norm: modules `<first>` and `<first + 1>` of the sequence `<sequence>`. */
export function convBn(ctx: LowerContext, sequence: string, first: number, x: Value, layer: ConvLayer): Value {
  return ctx.child(sequence, (sub) => batchNorm(sub, `${first + 1}`, conv2d(sub, `${first}`, x, layer)));
}

/**
 * Fully connected layer with bias on all features of a sample: [N, C, H, W] → [N, `features`, 1, 1].
 * @param inits how it starts; default is PyTorch's
 */
export function linear(
  ctx: LowerContext,
  module: string,
  x: Value,
  chIn: number,
  features: number,
  inits: { readonly weight?: Init; readonly bias?: Init } = {},
): Value {
  const { g } = ctx;
  return ctx.child(module, (sub) => {
    const [, , h = 1, w = 1] = g.type(x).shape;
    const flatX = h * w === 1 ? x : g.add("flatten", [x], {});
    const weight = sub.weight("weight", [features, chIn], inits.weight);
    const bias = sub.param("bias", [features], inits.bias ?? { kind: "uniform_fan_in", fanIn: chIn });
    const y = g.add("conv2d", [flatX, weight], { stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 });
    return g.add("add_bias", [y, bias], {});
  });
}
