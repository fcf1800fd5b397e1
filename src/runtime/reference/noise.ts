import { philox4x32 } from "../../random/philox.ts";
import { seedKey, uniform01 } from "../../random/rng.ts";
import { STREAMS } from "../../random/streams.ts";
import type { Feeds } from "../feeds.ts";
import { forEach4, type RefOp } from "./def.ts";

type Words = readonly [number, number, number, number];

/** The four words of a draw, by its number, in the current step. */
function drawer(step: Feeds["step"], stream: number, index: number): (draw: number) => Words {
  if (!step) throw new Error("the graph draws random numbers: evaluateReference needs feeds.step");
  const key = seedKey(step.seed);
  return (draw) => philox4x32([draw, step.step, stream, index], key);
}

export const dropout: RefOp<"dropout"> = ({ attrs, inputs, type, step, out }) => {
  const [x] = inputs as [Float64Array];
  const [, channels = 0, h = 0, w = 0] = type.shape;
  const draw = drawer(step, STREAMS.dropout, attrs.index);
  const quads = Math.ceil(channels / 4);
  // The device holds the probability in single precision.
  const probability = Math.fround(attrs.probability);
  forEach4(type.shape, (n, c, row, column, i) => {
    const words = draw((n * quads + Math.floor(c / 4)) * h * w + row * w + column);
    out[i] = uniform01(words[c % 4]!) >= probability ? x[i]! / (1 - probability) : 0;
  });
};

export const shake: RefOp<"shake"> = ({ attrs, inputs, type, step, out }) => {
  const [x0, x1] = inputs as [Float64Array, Float64Array];
  const draw = drawer(step, STREAMS.shake, attrs.index);
  forEach4(type.shape, (n, _c, _y, _x, i) => {
    const share = uniform01(draw(n)[0]);
    out[i] = share * x0[i]! + (1 - share) * x1[i]!;
  });
};

export const shake_dx: RefOp<"shake_dx"> = ({ attrs, inputs, type, step, out }) => {
  const [dy] = inputs as [Float64Array];
  const draw = drawer(step, STREAMS.shake, attrs.index);
  forEach4(type.shape, (n, _c, _y, _x, i) => {
    const share = uniform01(draw(n)[1]);
    out[i] = (attrs.branch === 0 ? share : 1 - share) * dy[i]!;
  });
};
