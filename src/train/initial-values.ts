import type { Init, ParamSpec } from "../graph/types.ts";
import { Rng } from "../random/rng.ts";
import { STREAMS } from "../random/streams.ts";

/** Every parameter's start by name, drawn from random stream `init`, one sub-stream a parameter. */
export function initialValues(params: readonly ParamSpec[], seed: number): Map<string, Float32Array> {
  return new Map(params.map((spec, index) => [spec.name, valuesOf(spec, seed, index)]));
}

/** What a network starts from that is not all new. */
export interface WarmStart {
  /** Of the random starts of the parameters that have no values. */
  readonly seed: number;
  /** Weights, alphas and running statistics by name. */
  readonly values: ReadonlyMap<string, Float32Array>;
}

/**
 * Every parameter's start by name: all drawn from `seed`, or those of a warm start.
 * @throws Error for a value that is no parameter's or has another size: weights that do not arrive would go unnoticed
 */
export function startValues(params: readonly ParamSpec[], seed: number, start?: WarmStart): Map<string, Float32Array> {
  if (!start) return initialValues(params, seed);
  const values = initialValues(params, start.seed);
  for (const [name, given] of start.values) {
    const size = values.get(name)?.length;
    if (size !== given.length) throw new Error(`the start of ${name} has ${given.length} numbers, not ${size}`);
    values.set(name, given);
  }
  return values;
}

function valuesOf({ shape, init }: ParamSpec, seed: number, index: number): Float32Array {
  const size = shape.reduce((product, length) => product * length, 1);
  const values = new Float32Array(size);
  const rng = new Rng(seed, STREAMS.init, index);
  const draw = sampler(init, rng, size);
  for (let element = 0; element < size; element++) values[element] = draw(element);
  return values;
}

function sampler(init: Init, rng: Rng, size: number): (element: number) => number {
  switch (init.kind) {
    case "constant":
      return () => init.value;
    case "uniform_fan_in": {
      const bound = 1 / Math.sqrt(init.fanIn);
      return () => (2 * rng.uniform01() - 1) * bound;
    }
    case "normal":
      return () => rng.normal() * init.std;
    case "running_stats":
      return (element) => (element < size / 2 ? 0 : 1);
  }
}
