import fc from "fast-check";
import { expect, test } from "vitest";
import type { Words2, Words4 } from "../../../src/random/philox.ts";
import { mulhi, philox4x32 } from "../../../src/random/philox.ts";

// The three vectors that Random123 publishes for philox4x32 with 10 rounds (file kat_vectors).
const published: [Words4, Words2, Words4][] = [
  [
    [0, 0, 0, 0],
    [0, 0],
    [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
  ],
  [
    [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
    [0xffffffff, 0xffffffff],
    [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  ],
  [
    [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    [0xa4093822, 0x299f31d0],
    [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  ],
];

test.each(published)("philox4x32 of counter %j, key %j is the published vector", (counter, key, expected) => {
  expect(philox4x32(counter, key)).toEqual([...expected]);
});

test("mulhi is the upper half of the exact product", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(mulhi(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }),
    { numRuns: 1000, examples: [[0xffffffff, 0xffffffff]] },
  );
});
