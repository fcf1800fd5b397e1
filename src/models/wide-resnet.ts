import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import type { Factory, Family } from "./factory.ts";
import { add, channelsOf, conv, globalPool, linear, normRelu } from "./layers.ts";

/** Norms and ReLUs come before the convolutions; a shortcut that changes anything starts behind the first of them. */
function block(ctx: LowerContext, x: Value, out: number, stride: number): Value {
  const active = normRelu(ctx, "bn1", x);
  const first = normRelu(ctx, "bn2", conv(ctx, "conv1", active, { out, kernel: 3, stride }));
  const second = conv(ctx, "conv2", first, { out, kernel: 3 });
  if (stride === 1 && channelsOf(ctx, x) === out) return add(ctx, second, x);
  return add(ctx, second, conv(ctx, "shortcut.0", active, { out, kernel: 1, stride }));
}

const WIDTHS = [16, 32, 64];

const wideResnet = (depth: number, widen: number): Factory => ({
  shrink: () => 4,
  lower(ctx, x, { nClasses }) {
    let y = conv(ctx, "conv1", x, { out: 16, kernel: 3 });
    for (const [stage, width] of WIDTHS.entries()) {
      for (let i = 0; i < (depth - 4) / 6; i++) {
        const input = y;
        const stride = stage > 0 && i === 0 ? 2 : 1;
        y = ctx.child(`layer${stage + 1}.${i}`, (sub) => block(sub, input, widen * width, stride));
      }
    }
    return linear(ctx, "linear", globalPool(ctx, normRelu(ctx, "bn1", y)), nClasses);
  },
});

/**
 * Wide ResNets (Zagoruyko, Komodakis 2016, arXiv:1605.07146) without dropout: `wrn-<depth>-<widening>`, or as Archai writes it,
 * `wresnet<depth>_<widening>`. Modules are named as in Archai, whose version is not the paper's: it has biases, and strides in
 * the second convolution.
 */
export const wideResnets: Family = {
  names: ["wrn-16-4", "wrn-16-8", "wrn-28-10", "wrn-28-12", "wrn-40-2", "wrn-40-4"],
  find(name) {
    const match = /^(?:wrn|wresnet|wideresnet)[-_]?(\d+)[-_](\d+)$/.exec(name);
    if (!match) return undefined;
    const [depth, widen] = [Number(match[1]), Number(match[2])];
    if (depth < 10 || (depth - 4) % 6 !== 0 || widen < 1) {
      throw new SupernetError(
        "config",
        `${name}: a wide ResNet has 6n + 4 layers (10, 16, 22, 28, 40, …) and is at least 1 times as wide, as in wrn-28-10`,
      );
    }
    return wideResnet(depth, widen);
  },
};
