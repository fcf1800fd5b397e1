import { requireF32, requireSame, take } from "./check.ts";
import type { OpDef } from "./def.ts";

export const relu: OpDef<"relu"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    requireF32("x", x);
    return x;
  },
  vjp({ g, value, dy }) {
    return [g.add("relu_dx", [dy, value], {})];
  },
};

export const relu_dx: OpDef<"relu_dx"> = {
  infer(inputs) {
    const [dy, y] = take(inputs, "dy", "y");
    requireF32("dy", dy);
    requireSame("dy", dy, "y", y);
    return dy;
  },
};

export const relu6: OpDef<"relu6"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    requireF32("x", x);
    return x;
  },
  vjp({ g, value, dy }) {
    return [g.add("relu6_dx", [dy, value], {})];
  },
};

export const relu6_dx: OpDef<"relu6_dx"> = {
  infer(inputs) {
    const [dy, y] = take(inputs, "dy", "y");
    requireF32("dy", dy);
    requireSame("dy", dy, "y", y);
    return dy;
  },
};

export const scale: OpDef<"scale"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    requireF32("x", x);
    return x;
  },
  vjp({ g, node, dy }) {
    return [g.add("scale", [dy], node.attrs)];
  },
};

export const stop_gradient: OpDef<"stop_gradient"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    return x;
  },
  vjp() {
    return [undefined];
  },
};

export const stop_forward: OpDef<"stop_forward"> = {
  infer(inputs) {
    const [x] = take(inputs, "x");
    requireF32("x", x);
    return x;
  },
  vjp({ dy }) {
    return [dy];
  },
};
