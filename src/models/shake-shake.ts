import { SupernetError } from "../errors.ts";
import type { Value } from "../graph/types.ts";
import type { LowerContext } from "../ops/context.ts";
import type { Factory, Family } from "./factory.ts";
import { add, channelsOf, conv, globalPool, linear, norm, normRelu, relu } from "./layers.ts";

function branch(ctx: LowerContext, x: Value, out: number, stride: number): Value {
  const first = normRelu(ctx, "2", conv(ctx, "1", relu(ctx, x), { out, kernel: 3, stride }));
  return norm(ctx, "5", conv(ctx, "4", first, { out, kernel: 3 }));
}

/** Half the channels see the pixels of a stride, the other half their lower right neighbours (zeros beyond the border). */
function shortcut(ctx: LowerContext, x: Value, out: number, stride: number): Value {
  const { g } = ctx;
  const active = relu(ctx, x);
  const half = { out: out / 2, kernel: 1 };
  const pixels = (start: number) => g.add("strided_slice", [active], { start: [start, start], stride: [2, 2] });
  const neighbours = (): Value => {
    if (stride === 2) return conv(ctx, "conv2", pixels(1), half);
    // With a border of one pixel, element (y, x) is the pixel at (y - 1, x - 1).
    return g.add("strided_slice", [conv(ctx, "conv2", active, { ...half, padding: 1 })], {
      start: [2, 2],
      stride: [1, 1],
    });
  };
  const own = conv(ctx, "conv1", stride === 2 ? pixels(0) : active, half);
  return norm(ctx, "bn", g.add("concat", [own, neighbours()], {}));
}

/** Both branches, mixed at random for every image while training, their mean otherwise. @param index tells blocks apart */
function block(ctx: LowerContext, x: Value, out: number, stride: number, index: number): Value {
  const { g, options } = ctx;
  const same = channelsOf(ctx, x) === out;
  const skip = same ? x : ctx.child("shortcut", (sub) => shortcut(sub, x, out, stride));
  const branches = ["branch1", "branch2"].map((name) => ctx.child(name, (sub) => branch(sub, x, out, stride)));
  const mixed = options.training
    ? g.add("shake", branches, { index })
    : g.add("scale", [g.add("add", branches, {})], { factor: 0.5 });
  return add(ctx, mixed, skip);
}

const shakeShake = (depth: number, width: number): Factory => ({
  shrink: () => 4,
  whole: true,
  lower(ctx, x, { nClasses }) {
    const perStage = (depth - 2) / 6;
    let y = norm(ctx, "bn_in", conv(ctx, "c_in", x, { out: 16, kernel: 3 }));
    for (let i = 0; i < 3 * perStage; i++) {
      const stage = Math.floor(i / perStage);
      const stride = stage > 0 && i % perStage === 0 ? 2 : 1;
      const input = y;
      y = ctx.child(`layer${stage + 1}.${i % perStage}`, (sub) => block(sub, input, width * 2 ** stage, stride, i));
    }
    return linear(ctx, "fc_out", globalPool(ctx, relu(ctx, y)), nClasses);
  },
});

/**
 * Shake-shake of two residual branches (Gastaldi 2017, arXiv:1705.07485), "Shake-Shake-Image":
 * `shakeshake<depth>_2x<width>d`. Modules are named as in Archai, which has a bias instead of a batch norm behind its first
 * convolution.
 */
export const shakeShakes: Family = {
  names: ["shakeshake26_2x32d", "shakeshake26_2x64d", "shakeshake26_2x96d", "shakeshake26_2x112d"],
  find(name) {
    const match = /^shake[-_]?shake[-_]?(\d+)[-_]2x(\d+)d$/.exec(name);
    if (!match) return undefined;
    const [depth, width] = [Number(match[1]), Number(match[2])];
    if (depth < 8 || (depth - 2) % 6 !== 0 || width < 2 || width % 2 !== 0) {
      throw new SupernetError(
        "config",
        `${name}: a shake-shake network has 6n + 2 layers and an even width, as in shakeshake26_2x32d`,
      );
    }
    return shakeShake(depth, width);
  },
};
