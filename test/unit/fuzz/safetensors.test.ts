import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSafetensors, type SafeTensor, writeSafetensors } from "../../../src/export/safetensors.ts";
import { damagedBytes, damagedText, fileOf, outcomes, read, refuses } from "./support.ts";

const tensors = new Map<string, SafeTensor>([
  ["a.weight", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
  ["b", { dtype: "I64", shape: [], data: BigInt64Array.of(5n) }],
  ["c", { dtype: "U8", shape: [0, 7], data: new Uint8Array() }],
]);
const file = writeSafetensors(tensors, { by: "test" });
const header = new TextDecoder().decode(file.subarray(8, 8 + Number(new DataView(file.buffer).getBigUint64(0, true))));

const WORDS = [
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  '"',
  "\\",
  "\\u0061",
  "-",
  "-0",
  "1e9",
  "9007199254740993",
  "0.5",
  "null",
  "F32",
  "BF16",
  "shape",
  "dtype",
  "data_offsets",
  "__metadata__",
  "__proto__",
  "toString",
  "\u0000",
  "\ud800",
  " ",
];

/** A file whose header was tampered with and whose length fits it. */
const withHeader = damagedText(fc.constant(header), WORDS).map((text) => fileOf(text, 32));

async function survives(bytes: Uint8Array): Promise<"read" | "refused"> {
  const found = await read(["io"], () => readSafetensors(bytes, "w.safetensors"));
  if (found === undefined) return "refused";
  expect(readSafetensors(writeSafetensors(found))).toEqual(found);
  return "read";
}

describe("safetensors", () => {
  it("bytes, damaged", () => outcomes(damagedBytes(fc.constant(file)), survives, 1000));
  it("the header, damaged", () => outcomes(withHeader, survives, 1000));

  it.each([
    [
      "a shape in lists without end",
      `{"a":{"dtype":"F32","shape":${"[".repeat(1e5)}${"]".repeat(1e5)},"data_offsets":[0,4]}}`,
    ],
    ["lists that never end", "[".repeat(1e6)],
    ["objects in objects", '{"a":'.repeat(1e5)],
    ["a name without end", `{"${"\\n".repeat(2e6)}":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`],
    ["a string that never ends", `{"${"x".repeat(4e6)}`],
    ["a header beyond the limit", `{"${"x".repeat(2 ** 23)}":3}`],
    ["a shape of many lengths", `{"a":{"dtype":"F32","shape":[${"1,".repeat(1e6)}-1],"data_offsets":[0,4]}}`],
    [
      "lengths whose product is no number",
      `{"a":{"dtype":"F32","shape":[${"9007199254740991,".repeat(30)}0],"data_offsets":[0,0]}}`,
    ],
    ["a type without end", `{"a":{"dtype":"${"F".repeat(1e6)}","shape":[1],"data_offsets":[0,4]}}`],
  ])("refuses %s in few words", (_, text) => {
    const error = failureOf(() => readSafetensors(fileOf(text, 4), "w.safetensors"));
    refuses(error, ["io"]);
    expect((error as Error).message.length).toBeLessThan(300);
  });
});

function failureOf(reading: () => unknown): unknown {
  try {
    reading();
  } catch (error) {
    return error;
  }
  throw new Error("expected an error");
}
