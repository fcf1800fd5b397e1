import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import { type Factory, namedFamily } from "./factory.ts";
import { add, channelsOf, conv, maxPool, norm, normRelu, pooledLogits, relu } from "./layers.ts";

interface Size {
  /** Blocks of each of the four stages. */
  readonly blocks: readonly number[];
  /** Blocks of three convolutions that end in four times the channels, instead of two. */
  readonly bottleneck: boolean;
}

/** Two 3x3 convolutions; yields what is added to the shortcut. */
function basicBranch(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const first = normRelu(ctx, "bn1", conv(ctx, "conv1", x, { out: planes, kernel: 3, stride }));
  return norm(ctx, "bn2", conv(ctx, "conv2", first, { out: planes, kernel: 3 }));
}

/** 1x1, 3x3, 1x1. The 3x3 strides, as in torchvision; in the paper it is the first. */
function bottleneckBranch(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const narrow = normRelu(ctx, "bn1", conv(ctx, "conv1", x, { out: planes, kernel: 1 }));
  const middle = normRelu(ctx, "bn2", conv(ctx, "conv2", narrow, { out: planes, kernel: 3, stride }));
  return norm(ctx, "bn3", conv(ctx, "conv3", middle, { out: 4 * planes, kernel: 1 }));
}

function resnet({ blocks, bottleneck }: Size): Factory {
  const lowerBlock = (ctx: LowerContext, x: Value, planes: number, stride: number): Value => {
    const out = bottleneck ? 4 * planes : planes;
    const branch = (bottleneck ? bottleneckBranch : basicBranch)(ctx, x, planes, stride);
    if (stride === 1 && channelsOf(ctx, x) === out) return relu(ctx, add(ctx, branch, x));
    const shortcut = ctx.child("downsample", (sub) => norm(sub, "1", conv(sub, "0", x, { out, kernel: 1, stride })));
    return relu(ctx, add(ctx, branch, shortcut));
  };
  return {
    shrink: (images) => (images === "small" ? 16 : 32),
    lower(ctx, x, { images, nClasses }) {
      const stem = images === "small" ? { out: 64, kernel: 3 } : { out: 64, kernel: 7, stride: 2 };
      let y = maxPool(ctx, normRelu(ctx, "bn1", conv(ctx, "conv1", x, stem)), 3, 1);
      for (const [stage, count] of blocks.entries()) {
        for (let block = 0; block < count; block++) {
          const stride = stage > 0 && block === 0 ? 2 : 1;
          const input = y;
          y = ctx.child(`layer${stage + 1}.${block}`, (sub) => lowerBlock(sub, input, 64 * 2 ** stage, stride));
        }
      }
      return pooledLogits(ctx, "fc", y, nClasses);
    },
  };
}

/**
 * ResNet (He et al. 2016, arXiv:1512.03385) as in torchvision, modules named alike. On small images the first convolution is
 * 3x3 with stride 1, as in Archai; the max pooling behind it stays.
 */
export const resnets = namedFamily(
  {
    resnet18: { blocks: [2, 2, 2, 2], bottleneck: false },
    resnet34: { blocks: [3, 4, 6, 3], bottleneck: false },
    resnet50: { blocks: [3, 4, 6, 3], bottleneck: true },
    resnet101: { blocks: [3, 4, 23, 3], bottleneck: true },
    resnet152: { blocks: [3, 8, 36, 3], bottleneck: true },
  },
  resnet,
);
