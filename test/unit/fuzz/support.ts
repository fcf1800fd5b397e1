import fc from "fast-check";
import { expect } from "vitest";
import { type ErrorCode, SupernetError } from "../../../src/errors.ts";
import { tally } from "../../reliability/damage.ts";
import { inputKind } from "../../reliability/table.ts";

/** `FUZZ=100` tries a hundred times as many cases; `FUZZ_SEED` others than always. */
const FACTOR = Number(process.env.FUZZ ?? 1);
const SEED = Number(process.env.FUZZ_SEED ?? 6);

/** How often a property is tried: always the same cases, so that what fails here fails everywhere. Counts them. */
export const tries = (numRuns: number) => ({ numRuns: numRuns * FACTOR, seed: SEED, reporter });

function reporter<T>(details: fc.RunDetails<T>): void {
  const { numRuns, failed } = details;
  tally(inputKind(expect.getState().testPath!), { tried: numRuns, survived: failed ? numRuns - 1 : numRuns });
  // Where a reporter is given, it is the one that throws.
  const message = fc.defaultReportMessage(details);
  if (message !== undefined) throw new Error(message, { cause: details.errorInstance });
}

/** A copy with up to four edits at any places. */
export function damagedBytes(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(whole, edits(fc.uint8Array({ maxLength: 12 })))
    .map(([bytes, changes]) =>
      changes.reduce(
        (before, change) =>
          Uint8Array.from(
            edited(before.length, change).flatMap((part) => (Array.isArray(part) ? slice(before, part) : [...part])),
          ),
        bytes,
      ),
    );
}

/** A damaged copy of a text, words of its format inserted among others. */
export function damagedText(whole: fc.Arbitrary<string>, words: readonly string[]): fc.Arbitrary<string> {
  const junk = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...words) },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) },
  );
  return fc.tuple(whole, edits(junk)).map(([text, changes]) =>
    changes.reduce(
      (before, change) =>
        edited(before.length, change)
          .map((part) => (Array.isArray(part) ? before.slice(...part) : part))
          .join(""),
      text,
    ),
  );
}

interface Edit<T> {
  readonly kind: "cut" | "insert" | "replace" | "remove" | "repeat" | "swap";
  readonly junk: T;
  /** Three places, taken modulo the length. */
  readonly at: readonly [number, number, number];
}

const edits = <T>(junk: fc.Arbitrary<T>): fc.Arbitrary<Edit<T>[]> =>
  fc.array(
    fc.record<Edit<T>>({
      kind: fc.constantFrom("cut", "insert", "replace", "replace", "remove", "repeat", "swap"),
      junk,
      at: fc.tuple(fc.nat(), fc.nat(), fc.nat()),
    }),
    { maxLength: 4 },
  );

/** What a text of that length is put together from after an edit: ranges of it, and junk. */
function edited<T extends { readonly length: number }>(
  length: number,
  { kind, junk, at }: Edit<T>,
): ([number, number] | T)[] {
  const [a = 0, b = 0, c = 0] = at.map((place) => place % (length + 1)).sort((x, y) => x - y);
  switch (kind) {
    case "cut":
      return [[0, a]];
    case "insert":
      return [[0, a], junk, [a, length]];
    case "replace":
      return [[0, a], junk, [Math.min(length, a + junk.length), length]];
    case "remove":
      return [
        [0, a],
        [b, length],
      ];
    case "repeat":
      return [
        [0, b],
        [a, length],
      ];
    case "swap":
      return [
        [0, a],
        [b, c],
        [a, b],
        [c, length],
      ];
  }
}

const slice = (bytes: Uint8Array, [from, to]: readonly [number, number]) => [...bytes.subarray(from, to)];

/** What `read` yields, or undefined where it fails as bad input must: with an error of ours that has one of the codes. */
export async function read<T>(codes: readonly ErrorCode[], reading: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await reading();
  } catch (error) {
    refuses(error, codes);
    return undefined;
  }
}

/** Fails for any error but ours, and for messages that nobody can read. */
export function refuses(error: unknown, codes: readonly ErrorCode[]): void {
  if (!(error instanceof SupernetError)) throw error;
  expect(codes).toContain(error.code);
  expect(error.message.trim()).not.toBe("");
  expect(error.message).not.toMatch(/\[object |Cannot read prop|is not a function|is not iterable/);
}

/**
 * Tries `survives` on many inputs. Enough of them must be read and refused: else the inputs are too tame, or too wild, to tell
 * anything.
 */
export async function outcomes<T>(
  input: fc.Arbitrary<T>,
  survives: (input: T) => Promise<"read" | "refused">,
  runs: number,
): Promise<void> {
  const seen = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(input, async (value) => {
      seen[await survives(value)]++;
    }),
    tries(runs),
  );
  expect(seen.read).toBeGreaterThan(runs / 50);
  expect(seen.refused).toBeGreaterThan(runs / 50);
}

/** A file in the safetensors format: its header as a text, and so many bytes of data. */
export function fileOf(header: string, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}
