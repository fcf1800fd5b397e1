import * as fc from "fast-check";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { elements, flat, type Graph, type TensorType, type Value, type Window2d } from "../../src/graph/types.ts";
import { Rng } from "../../src/random/rng.ts";
import type { Feeds } from "../../src/runtime/feeds.ts";

/** A random case of an op; files beside this one hold the cases of op families, test/properties.ts all of them. */
export interface OpCase {
  /** Forward graph with the output `y`. */
  readonly graph: Graph;
  /** All numbers are exact in f32, so that every backend sees the same case. */
  readonly feeds: Feeds;
  /** What a gradient is taken by: names of feeds. */
  readonly wrt: readonly { readonly name: string; readonly value: Value }[];
  /** False where the gradient is not the derivative, by the op's definition. */
  readonly smooth: boolean;
}

/** Numbers in [-1, 1). */
export function uniformData(rng: Rng, count: number): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * rng.uniform01() - 1);
}

/** Multiples of 0.1 plus 0.05 in random order: at least 0.1 apart and 0.05 from zero, so far from every kink. */
export function gridData(rng: Rng, count: number): Float32Array {
  return Float32Array.from(rng.permutation(count), (rank) => (rank - Math.floor(count / 2)) / 10 + 0.05);
}

export type Data = (rng: Rng, count: number) => Float32Array;

/** Builds one case: sources with their data, then ops, then `done`. */
export class CaseBuilder {
  readonly g = new GraphBuilder();
  readonly #rng: Rng;
  readonly #inputs: Record<string, ArrayLike<number>> = {};
  readonly #params: Record<string, ArrayLike<number>> = {};
  readonly #wrt: { name: string; value: Value }[] = [];

  constructor(seed: number) {
    this.#rng = new Rng(seed, 0);
  }

  /** An input by which the case is differentiated. */
  input(name: string, type: TensorType, data: Data = uniformData): Value {
    const value = this.constant(name, type, data);
    this.#wrt.push({ name, value });
    return value;
  }

  /** An input by which it is not. */
  constant(name: string, type: TensorType, data: Data = uniformData): Value {
    this.#inputs[name] = data(this.#rng, elements(type));
    return this.g.input(name, type);
  }

  param(name: string, shape: readonly number[], data: Data = uniformData): Value {
    this.#params[name] = data(this.#rng, elements(flat(shape)));
    const value = this.g.param({ name, role: "weights", shape, init: { kind: "constant", value: 0 } });
    this.#wrt.push({ name, value });
    return value;
  }

  labels(samples: number, classes: number): Value {
    return this.constant("labels", flat([samples], "u32"), (rng, count) =>
      Float32Array.from({ length: count }, () => rng.randint(classes)),
    );
  }

  done(y: Value, options: { smooth?: boolean; step?: Feeds["step"] } = {}): OpCase {
    this.g.output("y", y);
    return {
      graph: this.g.build(),
      feeds: { inputs: this.#inputs, params: this.#params, step: options.step },
      wrt: this.#wrt,
      smooth: options.smooth ?? true,
    };
  }
}

export const integer = (min: number, max: number) => fc.integer({ min, max });
export const pair = (min: number, max: number) => fc.tuple(integer(min, max), integer(min, max));
const seed = integer(0, 2 ** 31);
export const samples = integer(1, 3);
/** Below, at and above the sizes at which channel quads fill up. */
export const channels = integer(1, 9);
export const size = integer(1, 7);
/** [N, C, H, W]. */
export const shape4 = fc.tuple(samples, channels, size, size);

/** A case from drawn settings; everything else about it follows from the seed. */
export function cases<T>(
  settings: fc.Arbitrary<T>,
  build: (b: CaseBuilder, settings: T) => OpCase,
): fc.Arbitrary<OpCase> {
  return fc.tuple(settings, seed).map(([drawn, number]) => build(new CaseBuilder(number), drawn));
}

/** Numbers in [0.5, 1.5). */
export const positiveData: Data = (rng, count) => Float32Array.from({ length: count }, () => rng.uniform01() + 0.5);

/** Numbers in [2, 4): a mean far from zero, where a variance formed as a difference of squares loses digits. */
export const offsetData: Data = (rng, count) => uniformData(rng, count).map((value) => value + 3);

/** -1, 0 and 1: equal maxima in most windows, exact zeros at ReLUs. */
export const fewValues: Data = (rng, count) => Float32Array.from({ length: count }, () => rng.randint(3) - 1);

/** A window and a shape [N, C, H, W] that it fits; every result has at least one pixel. */
export const pooling = fc
  .tuple(samples, channels, pair(0, 5), pair(1, 4), pair(1, 3))
  .chain(([n, c, extra, kernel, stride]) =>
    fc.tuple(integer(0, kernel[0] - 1), integer(0, kernel[1] - 1)).map((padding) => ({
      window: { kernel, stride, padding } satisfies Window2d,
      shape: [
        n,
        c,
        Math.max(1, kernel[0] - 2 * padding[0]) + extra[0],
        Math.max(1, kernel[1] - 2 * padding[1]) + extra[1],
      ],
    })),
  );
