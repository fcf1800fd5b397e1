/**
 * Numbers that any program can make again, whatever its language: the hash of a seed and a counter. Benchmarks of other
 * libraries fill weights and images with the same ones, so that losses can be compared.
 */

/** n hashes of (seed, 0 … n-1), 32 bits each: a Weyl sequence through the finaliser of MurmurHash3 (Appleby 2011). */
export function counterHash(seed: number, n: number): Uint32Array<ArrayBuffer> {
  const start = (Math.imul(seed, 0x85ebca6b) + 0x165667b1) | 0;
  return Uint32Array.from({ length: n }, (_, index) => {
    let hash = (Math.imul(index, 0x9e3779b9) + start) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return hash ^ (hash >>> 16);
  });
}

/** n numbers in [-bound, bound): the upper 24 bits of the hashes, which f32 holds exactly before they are scaled. */
export function hashUniform(seed: number, n: number, bound: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(counterHash(seed, n), (hash) => (2 * ((hash >>> 8) / 2 ** 24) - 1) * bound);
}
