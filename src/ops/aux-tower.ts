import type { AuxTowerDesc } from "../desc/model-desc.ts";
import { SupernetError } from "../errors.ts";
import { dims4, type Value } from "../graph/types.ts";
import type { LowerContext } from "./context.ts";
import { batchNorm, conv2d, linear, relu } from "./layers.ts";

const POOL = 5;
const NARROW = 128;
const WIDE = 768;

/**
 * A second classifier on a cell's output: ReLU, 5x5 average pooling, pointwise convolution to 128 channels, 2x2
 * convolution to 768, linear. Its batch norms always have scale and shift. Made for 8x8 images, which the pooling (stride
 * 3) brings to 2x2 and the second convolution to a single pixel.
 * @returns logits, [N, classes, 1, 1]
 * @throws SupernetError("desc") when the image does not come down to one pixel
 */
export function lowerAuxTower(ctx: LowerContext, desc: AuxTowerDesc, x: Value): Value {
  const { g } = ctx;
  const [, , h, w] = dims4(g.type(x));
  const pooled = (size: number) => Math.floor((size - POOL) / desc.stride) + 1;
  if (pooled(h) !== 2 || pooled(w) !== 2) {
    throw new SupernetError(
      "desc",
      `the aux tower at ${ctx.prefix} pools ${h}x${w} pixels with window ${POOL} and stride ${desc.stride} and needs 2x2 ` +
        "after that; change aux_tower_stride, or set aux_weight to 0 to go without",
    );
  }
  const features = ctx.child("features", (sub) => {
    const stride = [desc.stride, desc.stride] as const;
    const mean = g.add("avg_pool", [relu(sub, x)], { kernel: [POOL, POOL], stride, padding: [0, 0] });
    const narrow = conv2d(sub, "2", mean, { chIn: desc.chIn, chOut: NARROW, kernel: 1 });
    const wide = conv2d(sub, "5", relu(sub, batchNorm(sub, "3", narrow, true)), {
      chIn: NARROW,
      chOut: WIDE,
      kernel: 2,
    });
    return relu(sub, batchNorm(sub, "6", wide, true));
  });
  return linear(ctx, "logits_op", features, WIDE, desc.nClasses);
}
