import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import { linear as defaultLinear } from "../ops/layers.ts";
import { type Factory, namedFamily } from "./factory.ts";
import { add, channelsOf, conv, globalPool, heNormal, norm, normRelu, padChannels, relu } from "./layers.ts";

/** Shortcut without parameters, "option A" of the paper: every second pixel, and zeros for the new channels. */
function shortcut(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const pixels = stride === 1 ? x : ctx.g.add("strided_slice", [x], { start: [0, 0], stride: [stride, stride] });
  const missing = planes - channelsOf(ctx, x);
  return padChannels(ctx, pixels, Math.floor(missing / 2), Math.ceil(missing / 2));
}

function block(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const first = normRelu(ctx, "bn1", conv(ctx, "conv1", x, { out: planes, kernel: 3, stride, fan: "in" }));
  const second = norm(ctx, "bn2", conv(ctx, "conv2", first, { out: planes, kernel: 3, fan: "in" }));
  return relu(ctx, add(ctx, second, shortcut(ctx, x, planes, stride)));
}

const WIDTHS = [16, 32, 64];

/** @param depth 6n + 2 layers with weights: n blocks a stage, the stem and the classifier */
const cifarResnet = (depth: number): Factory => ({
  shrink: () => 4,
  lower(ctx, x, { nClasses }) {
    let y = normRelu(ctx, "bn1", conv(ctx, "conv1", x, { out: 16, kernel: 3, fan: "in" }));
    for (const [stage, planes] of WIDTHS.entries()) {
      for (let i = 0; i < (depth - 2) / 6; i++) {
        const input = y;
        const stride = stage > 0 && i === 0 ? 2 : 1;
        y = ctx.child(`layer${stage + 1}.${i}`, (sub) => block(sub, input, planes, stride));
      }
    }
    return defaultLinear(ctx, "linear", globalPool(ctx, y), 64, nClasses, { weight: heNormal(64) });
  },
});

/** The ResNets for CIFAR of He et al. 2016 (arXiv:1512.03385, section 4.2), modules named as in Archai's `resnet_paper`. */
export const cifarResnets = namedFamily(
  { resnet20: 20, resnet32: 32, resnet44: 44, resnet56: 56, resnet110: 110 },
  cifarResnet,
);
