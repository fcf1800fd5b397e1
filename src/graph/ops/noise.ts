import { requirePlanes, requireSame, take } from "./check.ts";
import { type OpDef, requireShape } from "./def.ts";

// Ops that draw random numbers by themselves, while training.

function requireStream(index: number): void {
  requireShape(Number.isInteger(index) && index >= 0, `index must be a whole number from 0 on, not ${index}`);
}

export const dropout: OpDef<"dropout"> = {
  infer(inputs, { index, probability }) {
    const [x] = take(inputs, "x");
    requirePlanes("x", x);
    requireStream(index);
    requireShape(probability >= 0 && probability < 1, `probability must lie in [0, 1), not ${probability}`);
    return x;
  },
  vjp({ g, node, dy }) {
    return [g.add("dropout", [dy], node.attrs)];
  },
};

export const shake: OpDef<"shake"> = {
  infer(inputs, { index }) {
    const [x0, x1] = take(inputs, "x0", "x1");
    requirePlanes("x0", x0);
    requireSame("x1", x1, "x0", x0);
    requireStream(index);
    return x0;
  },
  vjp({ g, node, dy, needs }) {
    const { index } = node.attrs;
    return ([0, 1] as const).map((branch) => (needs(branch) ? g.add("shake_dx", [dy], { index, branch }) : undefined));
  },
};

/** Appears in gradients only and has none itself. */
export const shake_dx: OpDef<"shake_dx"> = {
  infer(inputs, { index }) {
    const [dy] = take(inputs, "dy");
    requirePlanes("dy", dy);
    requireStream(index);
    return dy;
  },
};
