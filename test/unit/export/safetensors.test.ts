import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SupernetError } from "../../../src/errors.ts";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../../src/export/safetensors.ts";

const golden = join(process.env.ORACLE_DIR ?? join(import.meta.dirname, "../../oracle/data"), "models");
const goldenFiles = readdirSync(golden).filter((name) => name.endsWith(".safetensors"));

/** A file with this header, text or data, and so many bytes of data. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function errorOf(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes, "w.safetensors");
  } catch (error) {
    if (error instanceof SupernetError && error.code === "io") return error.message;
    throw error;
  }
  return "read without error";
}

const headerOf = (bytes: Uint8Array) => {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return new TextDecoder().decode(bytes.subarray(8, 8 + length));
};

/** Tensors of any type and of up to three dimensions, also empty ones and scalars. */
const tensor: fc.Arbitrary<SafeTensor> = fc
  .tuple(fc.constantFrom("F32", "I32", "I64", "U8"), fc.array(fc.nat(4), { maxLength: 3 }), fc.nat())
  .map(([dtype, shape, seed]): SafeTensor => {
    const size = shape.reduce((product, length) => product * length, 1);
    const values = Array.from({ length: size }, (_, i) => ((seed + 1) * (i + 7)) % 251);
    if (dtype === "F32") return { dtype, shape, data: Float32Array.from(values, (value) => value / 3) };
    if (dtype === "I32") return { dtype, shape, data: Int32Array.from(values, (value) => -value) };
    if (dtype === "I64") return { dtype, shape, data: BigInt64Array.from(values, (value) => -BigInt(value) << 33n) };
    return { dtype: "U8", shape, data: Uint8Array.from(values) };
  });
const name = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("0", "7", "__proto__", "a.weight", '"', "toString"),
);
const tensors = fc
  .uniqueArray(fc.tuple(name, tensor), { selector: ([key]) => key, maxLength: 8 })
  .map((entries) => new Map(entries));

describe("writeSafetensors", () => {
  it("writes the format byte by byte", () => {
    const file = writeSafetensors(
      new Map<string, SafeTensor>([
        ["b", { dtype: "U8", shape: [3], data: Uint8Array.of(7, 8, 9) }],
        ["a", { dtype: "F32", shape: [1, 1], data: Float32Array.of(1) }],
      ]),
      { by: "test" },
    );
    const header =
      '{"__metadata__":{"by":"test"},"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},"a":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}';
    expect(headerOf(file)).toBe(header.padEnd(Math.ceil(header.length / 8) * 8));
    const length = headerOf(file).length;
    expect([...file.subarray(0, 8)]).toEqual([length, 0, 0, 0, 0, 0, 0, 0]);
    expect([...file.subarray(8 + length)]).toEqual([0, 0, 0x80, 0x3f, 7, 8, 9]);
  });

  it("keeps the order of the map in the header and every tensor aligned", () => {
    fc.assert(
      fc.property(tensors, (map) => {
        const file = writeSafetensors(map);
        const header = headerOf(file);
        const entries = JSON.parse(header) as Record<string, { data_offsets: [number, number] }>;
        let position = 0;
        for (const [key, { data }] of map) {
          position = header.indexOf(`${JSON.stringify(key)}:{"dtype"`, position) + 1;
          expect(position).toBeGreaterThan(0);
          expect(entries[key]!.data_offsets[0] % data.BYTES_PER_ELEMENT).toBe(0);
        }
        expect(new DataView(file.buffer).getBigUint64(0, true) % 8n).toBe(0n);
      }),
    );
  });

  it("takes views of larger buffers", () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const read = readSafetensors(writeSafetensors(new Map([["a", { dtype: "F32", shape: [2], data }]])));
    expect(read.get("a")?.data).toEqual(Float32Array.of(2, 3));
  });

  it("rejects data that do not fill their shape, and the name that is taken", () => {
    const data = new Float32Array(3);
    expect(() => writeSafetensors(new Map([["a", { dtype: "F32", shape: [2, 2], data }]]))).toThrow(
      "a has 3 elements, its shape is [2, 2]",
    );
    expect(() => writeSafetensors(new Map([["__metadata__", { dtype: "F32", shape: [3], data }]]))).toThrow(
      "must not be named __metadata__",
    );
  });
});

describe("readSafetensors", () => {
  it("reads what was written, from any place in a buffer", () => {
    fc.assert(
      fc.property(tensors, fc.nat(9), fc.option(fc.dictionary(fc.string(), fc.string())), (map, shift, metadata) => {
        const file = writeSafetensors(map, metadata ?? undefined);
        const moved = new Uint8Array(file.length + shift).subarray(shift);
        moved.set(file);
        expect(readSafetensors(moved)).toEqual(map);
        expect(writeSafetensors(map, metadata ?? undefined)).toEqual(file);
      }),
    );
  });

  it("keeps numbers that are no numbers, bit by bit", () => {
    const data = new Float32Array(Uint32Array.of(0x7fc00001, 0xff800000, 0x80000000, 1).buffer);
    const read = readSafetensors(writeSafetensors(new Map([["a", { dtype: "F32", shape: [4], data }]])));
    expect(new Uint32Array(read.get("a")!.data.buffer)).toEqual(new Uint32Array(data.buffer));
  });

  it("refuses a file cut off anywhere, or with bytes added", () => {
    fc.assert(
      fc.property(tensors, fc.nat(), (map, at) => {
        const file = writeSafetensors(map);
        expect(errorOf(file.subarray(0, at % file.length))).toMatch("w.safetensors is not a valid safetensors file: ");
        const longer = new Uint8Array(file.length + 1 + (at % 5));
        longer.set(file);
        expect(errorOf(longer)).toMatch(/bytes after .* belong to no tensor/);
      }),
    );
  });

  it("never throws anything but its own error on damaged files", () => {
    const file = writeSafetensors(
      new Map<string, SafeTensor>([
        ["a", { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) }],
        ["b", { dtype: "I64", shape: [], data: BigInt64Array.of(5n) }],
      ]),
    );
    const header = headerOf(file).length;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(7 + header), fc.nat(255)), { minLength: 1, maxLength: 4 }), (changes) => {
        const damaged = file.slice();
        for (const [at, value] of changes) damaged[at] = value;
        errorOf(damaged);
      }),
      { numRuns: 1000 },
    );
  });

  const f32 = (shape: unknown, offsets: unknown) => ({ dtype: "F32", shape, data_offsets: offsets });
  const first = '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}';
  it.each<[string, Uint8Array, string]>([
    ["no header length", new Uint8Array(7), "it has 7 bytes, less than the length of a header takes"],
    ["a header behind the end", fileOf({}, 0).subarray(0, 9), "its header claims 2 bytes, but only 1 follow"],
    ["a huge header", new Uint8Array(16).fill(255), "its header claims 18446744073709551615 bytes, more than 8388608"],
    ["no JSON", fileOf('{"a"', 0), "its header is not JSON"],
    ["no UTF-8", fileOf("{}", 0).map((byte, i) => (i === 8 ? 0xff : byte)), "its header is not JSON"],
    ["no object", fileOf([], 0), "its header is not a JSON object"],
    ["a name twice", fileOf(`${first},${first.slice(1)}}`, 4), 'its header has "a" twice'],
    ["a name twice, spelt differently", fileOf(`${first},"\\u0061":${first.slice(5)}}`, 4), 'its header has "a" twice'],
    [
      "two shapes",
      fileOf(`${first.replace('"shape":[1]', '"shape":[1],"shape":[1]')}}`, 4),
      'header has "shape" twice',
    ],
    ["metadata of numbers", fileOf({ __metadata__: { a: 1 } }, 0), "its metadata are not a map of strings"],
    ["no description", fileOf({ a: 3 }, 0), '"a" is not described by a JSON object'],
    [
      "an unknown type",
      fileOf({ a: { ...f32([1], [0, 2]), dtype: "BF16" } }, 2),
      '"a" has the type "BF16", not one of F32',
    ],
    ["an inherited type", fileOf({ a: { ...f32([1], [0, 2]), dtype: "toString" } }, 2), '"a" has the type "toString"'],
    ["no shape", fileOf({ a: f32(undefined, [0, 4]) }, 4), '"a" has the shape undefined'],
    ["a negative length", fileOf({ a: f32([-1], [0, 4]) }, 4), '"a" has the shape [-1]'],
    ["half a length", fileOf({ a: f32([0.5], [0, 2]) }, 2), '"a" has the shape [0.5]'],
    ["one offset", fileOf({ a: f32([1], [0]) }, 4), '"a" lies at [0]'],
    ["another size", fileOf({ a: f32([2], [0, 4]) }, 4), '"a" takes 4 bytes, its type and shape want 8'],
    ["offsets in reverse", fileOf({ a: f32([1], [4, 0]) }, 4), '"a" takes -4 bytes, its type and shape want 4'],
    ["an overlap", fileOf({ a: f32([2], [0, 8]), b: f32([1], [4, 8]) }, 8), '"b" overlaps "a"'],
    [
      "a gap",
      fileOf({ a: f32([1], [0, 4]), b: f32([1], [8, 12]) }, 12),
      '4 bytes between "a" and "b" belong to no tensor',
    ],
    [
      "a gap at the start",
      fileOf({ a: f32([1], [4, 8]) }, 8),
      '4 bytes between the header and "a" belong to no tensor',
    ],
    ["an end behind the file", fileOf({ a: f32([2], [0, 8]) }, 5), '"a" ends 3 bytes after the file'],
    ["bytes left", fileOf({ a: f32([1], [0, 4]) }, 5), '1 bytes after "a" belong to no tensor'],
  ])("refuses %s", (_, bytes, message) => {
    expect(errorOf(bytes)).toContain(message);
  });

  it("says what to do", () => {
    expect(errorOf(new Uint8Array(0))).toMatchInlineSnapshot(
      `"w.safetensors is not a valid safetensors file: it has 0 bytes, less than the length of a header takes; it may be damaged: write or copy it again"`,
    );
  });

  it("reads empty tensors that share their place with others, in any order", () => {
    const read = readSafetensors(fileOf({ b: f32([1], [0, 4]), a: f32([0, 3], [0, 0]), c: f32([0], [4, 4]) }, 4));
    expect([...read].map(([key, { shape }]) => [key, shape])).toEqual([
      ["b", [1]],
      ["a", [0, 3]],
      ["c", [0]],
    ]);
  });

  it("is given golden files", () => {
    expect(goldenFiles.length).toBeGreaterThan(0);
  });

  it.each(goldenFiles)("reads %s, and writes the same bytes", (file) => {
    const bytes = readFileSync(join(golden, file));
    const read = readSafetensors(bytes, file);
    expect(read.get("logits")?.dtype).toBe("F32");
    expect(read.get("y")?.dtype).toBe("I32");
    expect(Buffer.compare(writeSafetensors(read), bytes)).toBe(0);
  });
});
