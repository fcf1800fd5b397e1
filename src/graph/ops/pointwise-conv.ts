import { flat, type PointwiseAttrs, type PointwiseBranch, planes, type TensorType } from "../types.ts";
import { requireFlat, requirePlanes, sameShape } from "./check.ts";
import { listText, type OpDef, requireShape } from "./def.ts";
import { loadGradients, loadInputs, type ReadRange, readRange, requireLoad } from "./load.ts";
import { weightSlices } from "./weight-slices.ts";

/** Channels of x that the bundle reads. */
export const pointwiseRange = ({ branches }: PointwiseAttrs): ReadRange =>
  readRange(branches.map(({ start, inputs }) => ({ start, count: inputs })));

/** Elements of a branch's weight [outputs, inputs, 1, 1]. */
export const pointwiseWeights = ({ inputs, outputs }: PointwiseBranch): number => inputs * outputs;

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Checks that every branch reads pixels of x only, for results of `size` pixels. */
function requireBranches(x: readonly number[], size: readonly number[], { branches, stride }: PointwiseAttrs): void {
  requireShape(branches.length > 0, "needs at least one branch");
  for (const { start, inputs, outputs, offset } of branches) {
    requireShape(
      inputs > 0 && outputs > 0 && start >= 0 && start + inputs <= x[1]!,
      `a branch reads channels ${start} to ${start + inputs - 1} of x ${listText(x)}`,
    );
    for (const axis of [0, 1] as const) {
      const last = offset[axis] + stride[axis] * (size[axis]! - 1);
      requireShape(
        size[axis]! > 0 && offset[axis] >= 0 && last < x[2 + axis]!,
        `${size[axis]} pixels from ${offset[axis]} in steps of ${stride[axis]} leave x ${listText(x)}`,
      );
    }
  }
}

function requireWeights(weights: readonly TensorType[], branches: readonly PointwiseBranch[]): void {
  requireShape(weights.length === branches.length, `${branches.length} branches have ${weights.length} weights`);
  branches.forEach(({ inputs, outputs }, index) => {
    requireFlat(`w${index}`, weights[index]!, [outputs, inputs, 1, 1]);
  });
}

const outputs = ({ branches }: PointwiseAttrs) => sum(branches.map((branch) => branch.outputs));

function requireGradient(dy: TensorType, x: readonly number[], attrs: PointwiseAttrs): void {
  const [n, channels, ...size] = requirePlanes("dy", dy);
  requireShape(
    n === x[0] && channels === outputs(attrs),
    `dy ${listText(dy.shape)} does not fit x ${listText(x)} with ${outputs(attrs)} output channels`,
  );
  requireBranches(x, size, attrs);
}

export const pointwise: OpDef<"pointwise"> = {
  infer([x, ...rest], attrs) {
    requireShape(x !== undefined, "takes x first");
    const [n, channels] = requirePlanes("x", x);
    requireBranches(x.shape, attrs.size, attrs);
    const extra = loadInputs(attrs.load);
    requireLoad(attrs.load, rest.slice(0, extra), channels, pointwiseRange(attrs));
    requireWeights(rest.slice(extra), attrs.branches);
    return planes([n, outputs(attrs), ...attrs.size]);
  },
  vjp({ g, node, dy, needs }) {
    const { size: _, ...attrs } = node.attrs;
    const extra = 1 + loadInputs(attrs.load);
    const loaded = node.inputs.slice(0, extra);
    const weights = node.inputs.slice(extra);
    // By the weights first: what the gradient by x is made of and what it yields need not be there at the same time as x.
    const slices = weights.some((_, index) => needs(extra + index))
      ? weightSlices(g, g.add("pointwise_dw", [...loaded, dy], attrs), weights)
      : weights.map(() => undefined);
    if (!loaded.some((_, index) => needs(index))) return [...loaded.map(() => undefined), ...slices];
    const d = g.add("pointwise_dx", [dy, ...(attrs.load.relu ? loaded : []), ...weights], {
      ...attrs,
      shape: g.type(loaded[0]!).shape,
    });
    return [...loadGradients(g, attrs.load, loaded, pointwiseRange(attrs), d), ...slices];
  },
};

export const pointwise_dx: OpDef<"pointwise_dx"> = {
  infer([dy, ...rest], attrs) {
    requireShape(dy !== undefined, "takes dy first");
    const [n, channels, h, w] = requirePlanes("the gradient by x", planes(attrs.shape));
    requireGradient(dy, attrs.shape, attrs);
    const range = pointwiseRange(attrs);
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

export const pointwise_dw: OpDef<"pointwise_dw"> = {
  infer([x, ...rest], attrs) {
    requireShape(x !== undefined && rest.length === 1 + loadInputs(attrs.load), "takes x, the load's inputs and dy");
    const [, channels] = requirePlanes("x", x);
    requireLoad(attrs.load, rest.slice(0, -1), channels, pointwiseRange(attrs));
    requireGradient(rest.at(-1)!, x.shape, attrs);
    return flat([sum(attrs.branches.map(pointwiseWeights))]);
  },
};
