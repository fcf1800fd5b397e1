import { planes, type TensorType, type Window2d } from "../types.ts";
import { requireIndex, requirePlanes, sameShape, take } from "./check.ts";
import { listText, type OpDef, requireShape, shapeText } from "./def.ts";

function poolShape(x: readonly number[], attrs: Window2d): [number, number, number, number] {
  const [n, c, h, w] = x as [number, number, number, number];
  const { kernel, stride, padding } = attrs;
  const size = (axis: 0 | 1, input: number) => {
    requireShape(
      [kernel[axis], stride[axis]].every((value) => Number.isInteger(value) && value >= 1),
      `kernel ${listText(kernel)} and stride ${listText(stride)} must be positive integers`,
    );
    // With more padding, some windows would hold no pixel at all.
    requireShape(
      Number.isInteger(padding[axis]) && padding[axis] >= 0 && padding[axis] < kernel[axis],
      `padding ${listText(padding)} must be whole, not negative and smaller than the kernel ${listText(kernel)}`,
    );
    return Math.floor((input + 2 * padding[axis] - kernel[axis]) / stride[axis]) + 1;
  };
  const outH = size(0, h);
  const outW = size(1, w);
  requireShape(
    outH > 0 && outW > 0,
    `the result is empty: x ${listText(x)}, kernel ${listText(kernel)}, padding ${listText(padding)}`,
  );
  return [n, c, outH, outW];
}

function requirePooled(name: string, type: TensorType, expected: readonly number[]): void {
  requireShape(
    type.layout === "planes" && sameShape(type.shape, expected),
    `${name} is ${shapeText(type)}, but pooling yields ${listText(expected)}`,
  );
}

export const max_pool: OpDef<"max_pool"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    return planes(poolShape(x.shape, attrs));
  },
  vjp({ g, node, dy }) {
    const x = node.inputs[0]!;
    const argmax = g.add("max_pool_argmax", [x], node.attrs);
    return [g.add("max_pool_dx", [dy, argmax], { ...node.attrs, shape: g.type(x).shape })];
  },
};

export const max_pool_argmax: OpDef<"max_pool_argmax"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    // The GPU packs four offsets into one u32.
    requireShape(
      attrs.kernel[0] * attrs.kernel[1] <= 256,
      `kernel ${listText(attrs.kernel)} has more than 256 positions: offsets are bytes`,
    );
    return planes(poolShape(x.shape, attrs), "u32");
  },
};

export const max_pool_dx: OpDef<"max_pool_dx"> = {
  infer(inputs, attrs) {
    const [dy, argmax] = take(inputs, "dy", "argmax");
    const expected = poolShape(attrs.shape, attrs);
    requirePlanes("dy", dy);
    requirePooled("dy", dy, expected);
    requirePooled("argmax", argmax, expected);
    requireShape(argmax.dtype === "u32", `argmax must be u32, not ${shapeText(argmax)}`);
    return planes(attrs.shape);
  },
};

export const avg_pool: OpDef<"avg_pool"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    return planes(poolShape(x.shape, attrs));
  },
  vjp({ g, node, dy }) {
    return [g.add("avg_pool_dx", [dy], { ...node.attrs, shape: g.type(node.inputs[0]!).shape })];
  },
};

export const avg_pool_dx: OpDef<"avg_pool_dx"> = {
  infer(inputs, attrs) {
    const [dy] = take(inputs, "dy");
    requirePlanes("dy", dy);
    requirePooled("dy", dy, poolShape(attrs.shape, attrs));
    return planes(attrs.shape);
  },
};

export const global_avg_pool: OpDef<"global_avg_pool"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    const [n, c] = requirePlanes("x", x);
    return planes([n, c, 1, 1]);
  },
  vjp({ g, node, dy }) {
    return [g.add("global_avg_pool_dx", [dy], { shape: g.type(node.inputs[0]!).shape })];
  },
};

export const global_avg_pool_dx: OpDef<"global_avg_pool_dx"> = {
  infer(inputs, attrs) {
    const [dy] = take(inputs, "dy");
    requirePlanes("dy", dy);
    requirePooled("dy", dy, [attrs.shape[0]!, attrs.shape[1]!, 1, 1]);
    return planes(attrs.shape);
  },
};

/** Both poolings of one state read the same windows; they run as one kernel. */
export const pool_pair: OpDef<"pool_pair"> = {
  infer(inputs, attrs) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    const [n, c, h, w] = poolShape(x.shape, attrs);
    return planes([n, 2 * c, h, w]);
  },
  vjp({ g, node, dy }) {
    const x = node.inputs[0]!;
    const argmax = g.add("max_pool_argmax", [x], node.attrs);
    return [g.add("pool_pair_dx", [dy, argmax], { ...node.attrs, shape: g.type(x).shape })];
  },
};

export const pool_pair_dx: OpDef<"pool_pair_dx"> = {
  infer(inputs, attrs) {
    const [dy, argmax] = take(inputs, "dy", "argmax");
    const [n, c, h, w] = poolShape(attrs.shape, attrs);
    requirePooled("dy", dy, [n, 2 * c, h, w]);
    requirePooled("argmax", argmax, [n, c, h, w]);
    return planes(attrs.shape);
  },
};

export const pool_pair_mix_dx: OpDef<"pool_pair_mix_dx"> = {
  infer([argmax, ...rest], attrs) {
    requireShape(
      argmax !== undefined && rest.length >= 2 && rest.length % 2 === 0,
      "takes argmax and pairs of dy and g, at least one",
    );
    const [n, c, h, w] = poolShape(attrs.shape, attrs);
    requirePooled("argmax", argmax, [n, c, h, w]);
    requireShape(argmax.dtype === "u32", `argmax must be u32, not ${shapeText(argmax)}`);
    attrs.terms.forEach(({ start, channels, source, largest, mean }, t) => {
      requireShape(
        start >= 0 && start + channels <= c,
        `channels ${start} to ${start + channels - 1} leave x ${listText(attrs.shape)}`,
      );
      requireIndex("source", source, rest.length / 2);
      const [dy, g] = rest.slice(2 * source) as [TensorType, TensorType];
      requirePooled("dy", dy, [n, channels, h, w]);
      requireShape(
        g.layout === "flat" && g.shape.length === 2 && g.shape[1] === channels,
        `g is ${shapeText(g)}, but dy has ${channels} channels`,
      );
      for (const row of [largest, mean]) if (row !== undefined) requireIndex("row", row, g.shape[0]!);
      const overlaps = attrs.terms
        .slice(0, t)
        .some((other) => other.source === source && Math.abs(other.start - start) < channels);
      requireShape(!overlaps, `two terms of source ${source} overlap at channel ${start}`);
    });
    return planes(attrs.shape);
  },
};
