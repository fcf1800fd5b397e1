/**
 * Philox 4x32-10: random numbers as a pure function of a counter and a key.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
 *
 * How this project fills the 192 bits, here and in `shaders/random.wesl` alike:
 *
 *   counter = [index, step, stream, block]   key = [low half of seed, high half of seed]
 *
 * `index` tells the samples (or elements) of one step apart, `step` is an epoch, a global step or an image number,
 * `stream` is a purpose from `STREAMS` (streams.ts), and `block` counts further draws for the same index; it is 0
 * wherever four words suffice. Nothing is carried from draw to draw, so any thread, a resumed run and a test can
 * compute any number without the ones before it.
 */

export type Words2 = readonly [number, number];
export type Words4 = readonly [number, number, number, number];

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9; // golden ratio
const WEYL_1 = 0xbb67ae85; // sqrt(3) - 1
const ROUNDS = 10;

/** High 32 bits of the 64-bit product of two unsigned 32-bit integers; in halves, since a double holds 53 bits. */
export function mulhi(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const carry = aHigh * bLow + ((aLow * bLow) >>> 16);
  const middle = aLow * bHigh + (carry & 0xffff);
  return (aHigh * bHigh + Math.floor(carry / 0x10000) + Math.floor(middle / 0x10000)) >>> 0;
}

/** Four unsigned 32-bit words for a counter and a key; all words in [0, 2^32). */
export function philox4x32(counter: Words4, key: Words2): [number, number, number, number] {
  const out = new Uint32Array(4);
  philox4x32Into(out, 0, counter[0], counter[1], counter[2], counter[3], key[0], key[1]);
  return [out[0]!, out[1]!, out[2]!, out[3]!];
}

/** `philox4x32` without allocation: writes the four words to `out[at .. at+3]`. */
export function philox4x32Into(
  out: Uint32Array,
  at: number,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let c0 = counter0;
  let c1 = counter1;
  let c2 = counter2;
  let c3 = counter3;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = mulhi(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = mulhi(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}
