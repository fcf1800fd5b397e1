import { SupernetError } from "../errors.ts";
import type { Init, Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import { type Factory, namedFamily } from "./factory.ts";
import { conv, dropout, linear, maxPool, norm, relu } from "./layers.ts";

interface Size {
  /** Convolutions of each stage; a pooling follows every stage. */
  readonly stages: readonly number[];
  readonly batchNorm: boolean;
}

const WIDTHS = [64, 128, 256, 512, 512];
/** Side of the features that the classifier of large images is made for. */
const SIDE = 7;
const HIDDEN = 4096;
const SMALL_NORMAL: Init = { kind: "normal", std: 0.01 };

function lowerFeatures(ctx: LowerContext, x: Value, { stages, batchNorm }: Size): Value {
  let y = x;
  // Module numbers are those of torchvision's sequence, where ReLUs and poolings count.
  let module = 0;
  for (const [stage, convolutions] of stages.entries()) {
    for (let i = 0; i < convolutions; i++) {
      y = conv(ctx, `${module}`, y, { out: WIDTHS[stage]!, kernel: 3, bias: true });
      if (batchNorm) y = norm(ctx, `${module + 1}`, y);
      y = relu(ctx, y);
      module += batchNorm ? 3 : 2;
    }
    y = maxPool(ctx, y, 2);
    module += 1;
  }
  return y;
}

/** Means of 7x7 blocks, and three linear layers. */
function largeHead(ctx: LowerContext, features: Value, classes: number): Value {
  const [, , h = 0, w = 0] = ctx.g.type(features).shape;
  if (h % SIDE !== 0 || w % SIDE !== 0) {
    throw new SupernetError(
      "desc",
      `vgg for large images ends in 7x7 features but gets ${h}x${w}: its images must be 224x224 or a multiple of that; ` +
        "scale them, or take the version for small images: archai.supergraph.models.<name> in nas.eval.model_factory_spec",
    );
  }
  const block = [h / SIDE, w / SIDE] as const;
  const pooled =
    h === SIDE && w === SIDE
      ? features
      : ctx.g.add("avg_pool", [features], { kernel: block, stride: block, padding: [0, 0] });
  return ctx.child("classifier", (sub) => {
    const first = dropout(sub, relu(sub, linear(sub, "0", pooled, HIDDEN, SMALL_NORMAL)), 0.5, 0);
    const second = dropout(sub, relu(sub, linear(sub, "3", first, HIDDEN, SMALL_NORMAL)), 0.5, 1);
    return linear(sub, "6", second, classes, SMALL_NORMAL);
  });
}

/** Of a 32x32 image the features are one pixel: one linear layer on their means, as everywhere on CIFAR. */
function smallHead(ctx: LowerContext, features: Value, classes: number): Value {
  const pooled = ctx.g.add("global_avg_pool", [features], {});
  return linear(ctx, "classifier", pooled, classes, SMALL_NORMAL);
}

const vgg = (size: Size): Factory => ({
  shrink: () => 32,
  lower(ctx, x, { images, nClasses }) {
    const features = ctx.child("features", (sub) => lowerFeatures(sub, x, size));
    return (images === "small" ? smallHead : largeHead)(ctx, features, nClasses);
  },
});

const STAGES = { 11: [1, 1, 2, 2, 2], 13: [2, 2, 2, 2, 2], 16: [2, 2, 3, 3, 3], 19: [2, 2, 4, 4, 4] } as const;

/** VGG (Simonyan, Zisserman 2015, arXiv:1409.1556) as in torchvision, modules named alike; `_bn` with batch norms. */
export const vggs = namedFamily(
  Object.fromEntries(
    Object.entries(STAGES).flatMap(([depth, stages]) => [
      [`vgg${depth}`, { stages, batchNorm: false }],
      [`vgg${depth}_bn`, { stages, batchNorm: true }],
    ]),
  ),
  vgg,
);
