import { type DepthwiseAttrs, type DepthwiseBranch, flat, planes, type TensorType } from "../types.ts";
import { requireFlat, requirePlanes, sameShape } from "./check.ts";
import { listText, type OpDef, requireShape } from "./def.ts";
import { loadGradients, loadInputs, type ReadRange, readRange, requireLoad } from "./load.ts";
import { weightSlices } from "./weight-slices.ts";

/** Channels of x that the bundle reads. */
export const depthwiseRange = ({ branches }: DepthwiseAttrs): ReadRange =>
  readRange(branches.map(({ start, channels }) => ({ start, count: channels })));

/** Elements of a branch's weight [channels, 1, kh, kw]. */
export const depthwiseWeights = ({ channels, kernel: [kh, kw] }: DepthwiseBranch): number => channels * kh * kw;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Shape of the result for x of this shape; checks the branches against it and against each other. */
function resultShape(x: readonly number[], { branches, stride }: DepthwiseAttrs): number[] {
  const [n, channels, h, w] = x as [number, number, number, number];
  requireShape(branches.length > 0, "needs at least one branch");
  const sizes = branches.map((branch) => {
    requireShape(
      branch.channels > 0 && branch.start >= 0 && branch.start + branch.channels <= channels,
      `a branch reads channels ${branch.start} to ${branch.start + branch.channels - 1} of x ${listText(x)}`,
    );
    return [0, 1].map((axis) => {
      const taps = branch.dilation[axis as 0 | 1] * (branch.kernel[axis as 0 | 1] - 1) + 1;
      const padded = (axis === 0 ? h : w) + 2 * branch.padding[axis as 0 | 1];
      return Math.floor((padded - taps) / stride[axis as 0 | 1]) + 1;
    });
  });
  const [first] = sizes as [number[]];
  for (const size of sizes) {
    requireShape(
      sameShape(size, first) && size.every((length) => length > 0),
      `branches yield ${listText(first)} and ${listText(size)} pixels`,
    );
  }
  return [n, sum(branches.map((branch) => branch.channels)), ...first];
}

function requireWeights(weights: readonly TensorType[], branches: readonly DepthwiseBranch[]): void {
  requireShape(weights.length === branches.length, `${branches.length} branches have ${weights.length} weights`);
  branches.forEach(({ channels, kernel }, index) => {
    requireFlat(`w${index}`, weights[index]!, [channels, 1, ...kernel]);
  });
}

function requireGradient(dy: TensorType, x: readonly number[], attrs: DepthwiseAttrs): void {
  requirePlanes("dy", dy);
  const expected = resultShape(x, attrs);
  requireShape(sameShape(dy.shape, expected), `dy is ${listText(dy.shape)}, the result is ${listText(expected)}`);
}

export const depthwise: OpDef<"depthwise"> = {
  infer([x, ...rest], attrs) {
    requireShape(x !== undefined, "takes x first");
    const [, channels] = requirePlanes("x", x);
    const extra = loadInputs(attrs.load);
    requireLoad(attrs.load, rest.slice(0, extra), channels, depthwiseRange(attrs));
    requireWeights(rest.slice(extra), attrs.branches);
    return planes(resultShape(x.shape, attrs));
  },
  vjp({ g, node, dy, needs }) {
    const { attrs } = node;
    const extra = 1 + loadInputs(attrs.load);
    const loaded = node.inputs.slice(0, extra);
    const weights = node.inputs.slice(extra);
    // By the weights first: what the gradient by x is made of and what it yields need not be there at the same time as x.
    const slices = weights.some((_, index) => needs(extra + index))
      ? weightSlices(g, g.add("depthwise_dw", [...loaded, dy], attrs), weights)
      : weights.map(() => undefined);
    if (!loaded.some((_, index) => needs(index))) return [...loaded.map(() => undefined), ...slices];
    const d = g.add("depthwise_dx", [dy, ...(attrs.load.relu ? loaded : []), ...weights], {
      ...attrs,
      shape: g.type(loaded[0]!).shape,
    });
    return [...loadGradients(g, attrs.load, loaded, depthwiseRange(attrs), d), ...slices];
  },
};

export const depthwise_dx: OpDef<"depthwise_dx"> = {
  infer([dy, ...rest], attrs) {
    requireShape(dy !== undefined, "takes dy first");
    const [n, channels, h, w] = requirePlanes("the gradient by x", planes(attrs.shape));
    requireGradient(dy, attrs.shape, attrs);
    const range = depthwiseRange(attrs);
    const extra = attrs.load.relu ? 1 + loadInputs(attrs.load) : 0;
    const [x, ...loaded] = rest.slice(0, extra);
    if (x) {
      requireShape(sameShape(x.shape, attrs.shape), `x is ${listText(x.shape)}, not ${listText(attrs.shape)}`);
      requireLoad(attrs.load, loaded, channels, range);
    }
    requireWeights(rest.slice(extra), attrs.branches);
    return planes([n, range.end - range.start, h, w]);
  },
};

export const depthwise_dw: OpDef<"depthwise_dw"> = {
  infer([x, ...rest], attrs) {
    requireShape(x !== undefined && rest.length === 1 + loadInputs(attrs.load), "takes x, the load's inputs and dy");
    const [, channels] = requirePlanes("x", x);
    requireLoad(attrs.load, rest.slice(0, -1), channels, depthwiseRange(attrs));
    requireGradient(rest.at(-1)!, x.shape, attrs);
    return flat([sum(attrs.branches.map(depthwiseWeights))]);
  },
};
