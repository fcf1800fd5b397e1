import type { Init, Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import { type Factory, namedFamily } from "./factory.ts";
import { add, type Conv, channelsOf, conv, dropout, globalPool, linear, norm } from "./layers.ts";

/** Expansion, channels, blocks and stride of each stage (table 2 of the paper). */
const STAGES = [
  { expand: 1, out: 16, blocks: 1, stride: 1 },
  { expand: 6, out: 24, blocks: 2, stride: 2 },
  { expand: 6, out: 32, blocks: 3, stride: 2 },
  { expand: 6, out: 64, blocks: 4, stride: 2 },
  { expand: 6, out: 96, blocks: 3, stride: 1 },
  { expand: 6, out: 160, blocks: 3, stride: 2 },
  { expand: 6, out: 320, blocks: 1, stride: 1 },
] as const;
const LAST = 1280;
const SMALL_NORMAL: Init = { kind: "normal", std: 0.01 };

/** Convolution, batch norm, ReLU6: modules `<module>.0` and `<module>.1`. */
function convNormRelu6(ctx: LowerContext, module: string, x: Value, layer: Conv): Value {
  return ctx.child(module, (sub) => sub.g.add("relu6", [norm(sub, "1", conv(sub, "0", x, layer))], {}));
}

/** Widens, convolves every channel by itself, narrows; nothing is cut off at the narrow end. */
function invertedResidual(ctx: LowerContext, x: Value, expand: number, out: number, stride: number): Value {
  const hidden = expand * channelsOf(ctx, x);
  const narrow = ctx.child("conv", (sub) => {
    const first = expand === 1 ? 0 : 1;
    const wide = expand === 1 ? x : convNormRelu6(sub, "0", x, { out: hidden, kernel: 1 });
    const spread = convNormRelu6(sub, `${first}`, wide, { out: hidden, kernel: 3, stride, depthwise: true });
    return norm(sub, `${first + 2}`, conv(sub, `${first + 1}`, spread, { out, kernel: 1 }));
  });
  return stride === 1 && channelsOf(ctx, x) === out ? add(ctx, narrow, x) : narrow;
}

const mobilenetV2 = (): Factory => ({
  shrink: (images) => (images === "small" ? 8 : 32),
  lower(ctx, x, { images, nClasses }) {
    const small = images === "small";
    const features = ctx.child("features", (sub) => {
      let y = convNormRelu6(sub, "0", x, { out: 32, kernel: 3, stride: small ? 1 : 2 });
      let module = 1;
      for (const [stage, { expand, out, blocks, stride }] of STAGES.entries()) {
        for (let block = 0; block < blocks; block++) {
          const input = y;
          const step = block > 0 || (small && stage === 1) ? 1 : stride;
          y = sub.child(`${module}`, (inner) => invertedResidual(inner, input, expand, out, step));
          module += 1;
        }
      }
      return convNormRelu6(sub, `${module}`, y, { out: LAST, kernel: 1 });
    });
    const pooled = dropout(ctx, globalPool(ctx, features), 0.2, 0);
    return linear(ctx, "classifier.1", pooled, nClasses, SMALL_NORMAL);
  },
});

/**
 * MobileNet v2 (Sandler et al. 2018, arXiv:1801.04381) as in torchvision, modules named alike. On small images the first
 * convolution and the second stage keep the size, as in Archai.
 */
export const mobilenets = namedFamily({ mobilenet_v2: undefined }, mobilenetV2);
