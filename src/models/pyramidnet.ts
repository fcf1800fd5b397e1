import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import type { Factory, Family } from "./factory.ts";
import { add, channelsOf, conv, halve, norm, normRelu, padChannels, pooledLogits } from "./layers.ts";

const STAGES = 3;
const STEM = 16;

/** No ReLU before the first convolution and none behind the sum (figure 6d of the paper). */
function basicBranch(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const first = normRelu(ctx, "bn2", conv(ctx, "conv1", norm(ctx, "bn1", x), { out: planes, kernel: 3, stride }));
  return norm(ctx, "bn3", conv(ctx, "conv2", first, { out: planes, kernel: 3 }));
}

function bottleneckBranch(ctx: LowerContext, x: Value, planes: number, stride: number): Value {
  const narrow = normRelu(ctx, "bn2", conv(ctx, "conv1", norm(ctx, "bn1", x), { out: planes, kernel: 1 }));
  const middle = normRelu(ctx, "bn3", conv(ctx, "conv2", narrow, { out: planes, kernel: 3, stride }));
  return norm(ctx, "bn4", conv(ctx, "conv3", middle, { out: 4 * planes, kernel: 1 }));
}

interface Size {
  readonly depth: number;
  /** Channels that all blocks together add. */
  readonly alpha: number;
  readonly bottleneck: boolean;
}

function pyramidnet({ depth, alpha, bottleneck }: Size): Factory {
  const perStage = (depth - 2) / (bottleneck ? 9 : 6);
  const branch = bottleneck ? bottleneckBranch : basicBranch;
  return {
    shrink: () => 4,
    whole: true,
    lower(ctx, x, { nClasses }) {
      let y = norm(ctx, "bn1", conv(ctx, "conv1", x, { out: STEM, kernel: 3 }));
      for (let i = 0; i < STAGES * perStage; i++) {
        const stride = i > 0 && i % perStage === 0 ? 2 : 1;
        const planes = Math.round(STEM + (alpha * (i + 1)) / (STAGES * perStage));
        const input = y;
        y = ctx.child(`layer${Math.floor(i / perStage) + 1}.${i % perStage}`, (sub) => {
          const added = branch(sub, input, planes, stride);
          const shortcut = stride === 1 ? input : halve(sub, input);
          return add(sub, added, padChannels(sub, shortcut, 0, channelsOf(sub, added) - channelsOf(sub, input)));
        });
      }
      return pooledLogits(ctx, "fc", normRelu(ctx, "bn_final", y), nClasses);
    },
  };
}

/**
 * PyramidNets for CIFAR (Han, Kim, Kim 2017, arXiv:1610.02915): `pyramidnet-<depth>-a<alpha>`, with `-bn` for bottleneck
 * blocks. Channels are rounded as in the authors' code (the paper rounds down), modules named as in Archai, whose ShakeDrop is
 * another paper's.
 */
export const pyramidnets: Family = {
  names: [
    "pyramidnet-110-a48",
    "pyramidnet-110-a84",
    "pyramidnet-110-a270",
    "pyramidnet-164-a270-bn",
    "pyramidnet-200-a240-bn",
    "pyramidnet-272-a200-bn",
  ],
  find(name) {
    const match = /^pyramidnet[-_]?(\d+)[-_]a(\d+)([-_]bn)?$/.exec(name);
    if (!match) return undefined;
    const [depth, alpha, bottleneck] = [Number(match[1]), Number(match[2]), match[3] !== undefined];
    const block = bottleneck ? 9 : 6;
    if (depth < block + 2 || (depth - 2) % block !== 0) {
      const remedy = bottleneck ? "pyramidnet-164-a270-bn" : "pyramidnet-110-a48";
      throw new SupernetError(
        "config",
        `${name}: a PyramidNet of such blocks has ${block}n + 2 layers, as in ${remedy}`,
      );
    }
    return pyramidnet({ depth, alpha, bottleneck });
  },
};
