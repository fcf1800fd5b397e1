import type { Words2 } from "./philox.ts";
import { mulhi, philox4x32Into } from "./philox.ts";

/**
 * The two key words of a seed.
 * @param seed an integer from 0 to 2^53 - 1
 * @throws RangeError for anything else: a seed that is silently rounded would not repeat a run
 */
export function seedKey(seed: number): Words2 {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`a random seed is an integer from 0 to 2^53-1, not ${seed}`);
  }
  return [seed >>> 0, Math.floor(seed / 0x1_0000_0000)];
}

/** A word as a number in [0, 1): its upper 24 bits, so that the same number is exact in f32 on the device. */
export function uniform01(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/**
 * A word as Gumbel noise, -log(-log u), where u is an odd multiple of 2^-24 between 0 and 1: never infinite. The largest of
 * some numbers with such noise added is each of them with the probability that their softmax gives it.
 */
export function gumbel(word: number): number {
  return -Math.log(-Math.log(((word >>> 9) + 0.5) * 2 ** -23));
}

/** A word as an integer in [0, n), 1 <= n < 2^32, by multiplication; the bias is below n / 2^32. */
export function randint(word: number, n: number): number {
  return mulhi(word, n);
}

/**
 * The words of one (seed, stream, step) one after another: those of index 0, then of index 1, and so on.
 *
 * `normal` uses Math.log and Math.cos, whose last bit may differ between JavaScript engines; everything else is exact
 * and the same everywhere.
 */
export class Rng {
  readonly #key: Words2;
  readonly #stream: number;
  readonly #step: number;
  readonly #words = new Uint32Array(4);
  #index = 0;
  #used = 4;

  /**
   * @param seed an integer from 0 to 2^53 - 1
   * @param stream one of `STREAMS`
   * @param step epoch, step or item number, an unsigned 32-bit integer
   */
  constructor(seed: number, stream: number, step = 0) {
    this.#key = seedKey(seed);
    this.#stream = stream;
    this.#step = step;
  }

  /** An integer in [0, 2^32). */
  word(): number {
    if (this.#used === 4) {
      philox4x32Into(this.#words, 0, this.#index, this.#step, this.#stream, 0, this.#key[0], this.#key[1]);
      this.#index++;
      this.#used = 0;
    }
    return this.#words[this.#used++]!;
  }

  /** A number in [0, 1), a multiple of 2^-24. */
  uniform01(): number {
    return uniform01(this.word());
  }

  /** An integer in [0, n). */
  randint(n: number): number {
    return randint(this.word(), n);
  }

  /** A standard normal number (Box-Muller, one of the pair; two words a number). */
  normal(): number {
    // 1 - u lies in (0, 1], where the logarithm is finite.
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform01()));
    return radius * Math.cos(2 * Math.PI * this.uniform01());
  }

  /** The numbers 0 .. n-1 in random order (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.randint(i + 1);
      const held = order[i]!;
      order[i] = order[j]!;
      order[j] = held;
    }
    return order;
  }
}
