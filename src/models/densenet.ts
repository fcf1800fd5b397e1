import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import { type Factory, type Family, namedFamily } from "./factory.ts";
import { channelsOf, conv, globalPool, halve, linear, maxPool, normRelu } from "./layers.ts";

/** Channels of a layer's 1x1 convolution, in growth rates. */
const BOTTLENECK = 4;

interface Size {
  readonly blocks: readonly number[];
  /** Channels that each layer adds. */
  readonly growth: number;
  /** Channels of the stem. */
  readonly stem: number;
}

function layer(ctx: LowerContext, x: Value, growth: number): Value {
  const narrow = conv(ctx, "conv1", normRelu(ctx, "norm1", x), { out: BOTTLENECK * growth, kernel: 1, fan: "in" });
  const added = conv(ctx, "conv2", normRelu(ctx, "norm2", narrow), { out: growth, kernel: 3, fan: "in" });
  return ctx.g.add("concat", [x, added], {});
}

/** Halves the channels and the image. */
function transition(ctx: LowerContext, x: Value): Value {
  const out = Math.floor(channelsOf(ctx, x) / 2);
  return halve(ctx, conv(ctx, "conv", normRelu(ctx, "norm", x), { out, kernel: 1, fan: "in" }));
}

function lowerBlocks(ctx: LowerContext, stem: Value, { blocks, growth }: Size): Value {
  let y = stem;
  for (const [b, layers] of blocks.entries()) {
    for (let l = 0; l < layers; l++) {
      const input = y;
      y = ctx.child(`denseblock${b + 1}.denselayer${l + 1}`, (sub) => layer(sub, input, growth));
    }
    const output = y;
    if (b < blocks.length - 1) y = ctx.child(`transition${b + 1}`, (sub) => transition(sub, output));
  }
  return normRelu(ctx, "norm5", y);
}

const densenet = (size: Size): Factory => ({
  shrink: (images) => (images === "small" ? 16 : 32),
  lower(ctx, x, { images, nClasses }) {
    const features = ctx.child("features", (sub) => {
      const first = images === "small" ? { kernel: 3 } : { kernel: 7, stride: 2 };
      const stem = normRelu(sub, "norm0", conv(sub, "conv0", x, { ...first, out: size.stem, fan: "in" }));
      return lowerBlocks(sub, maxPool(sub, stem, 3, 1), size);
    });
    return linear(ctx, "classifier", globalPool(ctx, features), nClasses);
  },
});

/**
 * DenseNet (Huang et al. 2017, arXiv:1608.06993) as in torchvision, modules named alike. On small images the first convolution
 * is 3x3 with stride 1, as in Archai; the max pooling behind it stays.
 */
export const densenets = namedFamily(
  {
    densenet121: { blocks: [6, 12, 24, 16], growth: 32, stem: 64 },
    densenet161: { blocks: [6, 12, 36, 24], growth: 48, stem: 96 },
    densenet169: { blocks: [6, 12, 32, 32], growth: 32, stem: 64 },
    densenet201: { blocks: [6, 12, 48, 32], growth: 32, stem: 64 },
  },
  densenet,
);

const cifarDensenet = (depth: number, growth: number): Factory => ({
  shrink: () => 4,
  lower(ctx, x, { nClasses }) {
    const layers = (depth - 4) / 6;
    const features = ctx.child("features", (sub) => {
      const stem = conv(sub, "conv0", x, { out: 2 * growth, kernel: 3, fan: "in" });
      return lowerBlocks(sub, stem, { blocks: [layers, layers, layers], growth, stem: 2 * growth });
    });
    return linear(ctx, "classifier", globalPool(ctx, features), nClasses);
  },
});

/** The DenseNets-BC for CIFAR of the same paper, without dropout: `densenet-bc-<depth>-<growth rate>`. */
export const cifarDensenets: Family = {
  names: ["densenet-bc-100-12", "densenet-bc-250-24", "densenet-bc-190-40"],
  find(name) {
    const match = /^densenet[-_]?bc[-_]?(\d+)[-_](\d+)$/.exec(name);
    if (!match) return undefined;
    const [depth, growth] = [Number(match[1]), Number(match[2])];
    if (depth < 10 || (depth - 4) % 6 !== 0 || growth < 1) {
      throw new SupernetError(
        "config",
        `${name}: a DenseNet-BC has 6n + 4 layers (40, 100, 190, 250, …) and a growth rate of at least 1, as in densenet-bc-100-12`,
      );
    }
    return cifarDensenet(depth, growth);
  },
};
