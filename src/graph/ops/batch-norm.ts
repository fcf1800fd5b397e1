import { flat, type TensorType, type Value } from "../types.ts";
import { requireFlat, requireIndex, requirePlanes, requireSame, take } from "./check.ts";
import { type OpDef, requireShape, shapeText } from "./def.ts";

/**
 * Batch norm in parts, so that statistics are shared between the passes that need them. The gradient that runs through
 * batch statistics is part of `bn_dx`: `bn_stats` itself passes none.
 */
export const bn_stats: OpDef<"bn_stats"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    const [, channels] = requirePlanes("x", x);
    requireEps(attrs.eps);
    return flat([3, channels]);
  },
};

export const bn_running: OpDef<"bn_running"> = {
  infer(inputs, attrs) {
    const [running] = take(inputs, "running_stats");
    requireEps(attrs.eps);
    return flat([3, runningChannels(running)]);
  },
};

export const bn_apply: OpDef<"bn_apply"> = {
  infer(inputs, attrs) {
    const [x, stats, ...affine] = attrs.affine
      ? take(inputs, "x", "stats", "gamma", "beta")
      : take(inputs, "x", "stats");
    const [, channels] = requirePlanes("x", x);
    requireFlat("stats", stats, [3, channels]);
    for (const [index, type] of affine.entries()) requireFlat(index === 0 ? "gamma" : "beta", type, [channels]);
    return x;
  },
  vjp({ g, node, dy, needs }) {
    const [x, stats, gamma] = node.inputs as [Value, Value, Value | undefined];
    const { affine, batch } = node.attrs;
    const wantsRows = affine && (needs(2) || needs(3));
    const sums =
      batch || wantsRows
        ? g.add("bn_sums", [dy, x, stats], {})
        : g.add("fill", [], { type: flat([2, g.type(x).shape[1]!]), value: 0 });
    const dx = needs(0)
      ? g.add("bn_dx", affine ? [dy, x, stats, sums, gamma!] : [dy, x, stats, sums], { affine, batch })
      : undefined;
    if (!affine) return [dx, undefined];
    return [
      dx,
      undefined,
      needs(2) ? g.add("row", [sums], { index: 1 }) : undefined,
      needs(3) ? g.add("row", [sums], { index: 0 }) : undefined,
    ];
  },
};

export const bn_sums: OpDef<"bn_sums"> = {
  infer(inputs) {
    const [dy, x, stats] = take(inputs, "dy", "x", "stats");
    const [, channels] = requirePlanes("x", x);
    requireSame("dy", dy, "x", x);
    requireFlat("stats", stats, [3, channels]);
    return flat([2, channels]);
  },
};

export const bn_dx: OpDef<"bn_dx"> = {
  infer(inputs, attrs) {
    const [dy, x, stats, sums, gamma] = attrs.affine
      ? take(inputs, "dy", "x", "stats", "sums", "gamma")
      : take(inputs, "dy", "x", "stats", "sums");
    const [, channels] = requirePlanes("x", x);
    requireSame("dy", dy, "x", x);
    requireFlat("stats", stats, [3, channels]);
    requireFlat("sums", sums, [2, channels]);
    if (gamma) requireFlat("gamma", gamma, [channels]);
    return x;
  },
};

export const bn_update: OpDef<"bn_update"> = {
  infer(inputs, attrs) {
    const [running, stats] = take(inputs, "running_stats", "stats");
    const channels = runningChannels(running);
    requireFlat("stats", stats, [3, channels]);
    requireShape(Number.isInteger(attrs.count) && attrs.count >= 1, `count must be at least 1, not ${attrs.count}`);
    return running;
  },
};

/** Several of `bn_update`. */
export const bn_updates: OpDef<"bn_updates"> = {
  infer(inputs, { updates }) {
    let total = 0;
    updates.forEach(({ stats, start, count }, index) => {
      const running = inputs[index];
      requireShape(running !== undefined, `${updates.length} updates need as many running statistics`);
      const channels = runningChannels(running);
      requireIndex("stats", stats, inputs.length);
      const type = inputs[stats]!;
      requireShape(
        type.layout === "flat" && type.shape.length === 2 && type.shape[0] === 3 && start + channels <= type.shape[1]!,
        `stats ${shapeText(type)} lack columns ${start} to ${start + channels - 1}`,
      );
      requireShape(Number.isInteger(count) && count >= 1, `count must be at least 1, not ${count}`);
      total += 2 * channels;
    });
    return flat([total]);
  },
};

/** Appears in gradients only and has none itself. */
export const row: OpDef<"row"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requireShape(x.layout === "flat" && x.shape.length === 2, `x must be flat [R, C], not ${shapeText(x)}`);
    requireIndex("index", attrs.index, x.shape[0]!);
    return flat([x.shape[1]!], x.dtype);
  },
};

function runningChannels(type: TensorType): number {
  const channels = type.shape[1] ?? 0;
  requireFlat("running_stats", type, [2, channels]);
  return channels;
}

function requireEps(eps: number): void {
  requireShape(eps >= 0, `eps must not be negative, but is ${eps}`);
}
