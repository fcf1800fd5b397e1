import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Lifetime, type Plan, planBuffers } from "../../../src/runtime/webgpu/planner.ts";

const MIB = 2 ** 20;

const requests = fc.array(
  fc
    .record({
      bytes: fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: MIB, max: 90 * MIB })),
      first: fc.nat(60),
      length: fc.nat(20),
    })
    .map(({ bytes, first, length }): Lifetime => ({ bytes, first, last: first + length })),
  { minLength: 1, maxLength: 80 },
);

const pairs = fc.array(fc.tuple(fc.nat(79), fc.nat(79)), { maxLength: 60 });

function apartOf(count: number, drawn: readonly (readonly [number, number])[]): Set<number>[] {
  const apart = Array.from({ length: count }, () => new Set<number>());
  for (const [a, b] of drawn) {
    if (a === b || a >= count || b >= count) continue;
    apart[a]!.add(b);
    apart[b]!.add(a);
  }
  return apart;
}

/** The most bytes that are alive at any step. */
const peak = (all: readonly Lifetime[]): number =>
  Math.max(
    ...all.map(({ first: step }) =>
      all.reduce((sum, { bytes, first, last }) => (first <= step && step <= last ? sum + bytes : sum), 0),
    ),
  );

const total = ({ bufferBytes }: Plan) => bufferBytes.reduce((sum, bytes) => sum + bytes, 0);

describe("a plan of temporaries", () => {
  test("never lets two share bytes while both live, nor those share a buffer that must be apart", () => {
    fc.assert(
      fc.property(requests, pairs, (all, drawn) => {
        const apart = apartOf(all.length, drawn);
        const { places, bufferBytes } = planBuffers(all, apart);
        all.forEach((a, i) => {
          const place = places[i]!;
          expect(place.offset % 256).toBe(0);
          expect(place.offset + a.bytes).toBeLessThanOrEqual(bufferBytes[place.buffer]!);
          all.slice(0, i).forEach((b, j) => {
            const other = places[j]!;
            if (other.buffer !== place.buffer) return;
            expect(apart[i]!.has(j)).toBe(false);
            const together = a.first <= b.last && b.first <= a.last;
            const disjoint = place.offset + a.bytes <= other.offset || other.offset + b.bytes <= place.offset;
            expect(!together || disjoint).toBe(true);
          });
        });
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test("keeps buffers within what every device can bind, but for tensors that are larger", () => {
    fc.assert(
      fc.property(requests, (all) => {
        const { bufferBytes } = planBuffers(all, apartOf(all.length, []));
        for (const bytes of bufferBytes) expect(bytes).toBeLessThanOrEqual(128 * MIB);
      }),
      { numRuns: 50, seed: 2 },
    );
    const large = { bytes: 300 * MIB, first: 0, last: 1 };
    const small = { bytes: 10, first: 2, last: 3 };
    const plan = planBuffers([small, large], apartOf(2, []));
    expect(plan).toEqual({
      places: [
        { buffer: 0, offset: 0 },
        { buffer: 0, offset: 0 },
      ],
      bufferBytes: [300 * MIB],
    });
  });

  test("of a chain takes two buffers of the two largest neighbours' sizes", () => {
    const bytes = [512, 1024, 768, 256];
    const chain = bytes.map((size, step): Lifetime => ({ bytes: size, first: step, last: step + 1 }));
    const apart = apartOf(
      chain.length,
      chain.slice(1).map((_, step) => [step, step + 1] as const),
    );
    expect(total(planBuffers(chain, apart))).toBe(1024 + 768);
  });

  test("of what a network keeps for its backward pass takes little more than what is alive at once", () => {
    // Step i of the forward pass keeps one tensor for the step that mirrors it, and hands on another.
    const steps = 60;
    const kept = Array.from({ length: steps }, (_, step): Lifetime => {
      return { bytes: (1 + ((step * 7) % 5)) * MIB, first: step, last: 2 * steps - step };
    });
    const handed = Array.from({ length: 2 * steps }, (_, step): Lifetime => {
      return { bytes: (1 + ((step * 3) % 4)) * MIB, first: step, last: step + 1 };
    });
    const all = [...kept, ...handed];
    const between = handed.slice(1).map((_, step) => [steps + step, steps + step + 1] as const);
    const plan = planBuffers(all, apartOf(all.length, between));
    expect(total(plan)).toBeGreaterThanOrEqual(peak(all));
    expect(total(plan)).toBeLessThanOrEqual(1.05 * peak(all));
  });
});
