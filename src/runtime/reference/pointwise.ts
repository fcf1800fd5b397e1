import { philox4x32 } from "../../random/philox.ts";
import { seedKey, uniform01 } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import type { RefOp } from "./def.ts";

export const fill: RefOp<"fill"> = ({ attrs, out }) => {
  out.fill(attrs.value);
};

export const drop_path_mask: RefOp<"drop_path_mask"> = ({ attrs, step, out }) => {
  if (!step) throw new Error("the graph drops paths: evaluateReference needs feeds.step");
  // The device holds the probability in single precision.
  const probability = Math.fround(step.dropPath);
  const key = seedKey(step.seed);
  for (let n = 0; n < out.length; n++) {
    const u = uniform01(philox4x32([n, step.step, STREAMS.dropPath, attrs.index], key)[0]);
    out[n] = u >= probability ? 1 / (1 - probability) : 0;
  }
};

export const relu: RefOp<"relu"> = ({ inputs, out }) => {
  const [x] = inputs as [Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = Math.max(x[i]!, 0);
};

export const relu_dx: RefOp<"relu_dx"> = ({ inputs, out }) => {
  const [dy, y] = inputs as [Float64Array, Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = y[i]! > 0 ? dy[i]! : 0;
};

export const relu6: RefOp<"relu6"> = ({ inputs, out }) => {
  const [x] = inputs as [Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = Math.min(Math.max(x[i]!, 0), 6);
};

export const relu6_dx: RefOp<"relu6_dx"> = ({ inputs, out }) => {
  const [dy, y] = inputs as [Float64Array, Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = y[i]! > 0 && y[i]! < 6 ? dy[i]! : 0;
};

export const scale: RefOp<"scale"> = ({ attrs, inputs, out }) => {
  const [x] = inputs as [Float64Array];
  for (let i = 0; i < out.length; i++) out[i] = attrs.factor * x[i]!;
};

export const stop_gradient: RefOp<"stop_gradient"> = ({ inputs, out }) => {
  out.set(inputs[0]!);
};

/** Zeros, which `out` is already. */
export const stop_forward: RefOp<"stop_forward"> = () => {};
