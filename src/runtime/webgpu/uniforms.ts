import { TABLE_ROWS, type UniformField } from "./kernel.ts";

const UNIFORM_ALIGNMENT = 256;

/** One dispatch after another, each at an offset that a uniform binding may have. */
export function stageUniforms(words: readonly Uint32Array[]): { staged: Uint32Array<ArrayBuffer>; offsets: number[] } {
  const offsets: number[] = [];
  let bytes = 0;
  for (const fields of words) {
    offsets.push(bytes);
    bytes += Math.ceil(Math.max(1, fields.byteLength) / UNIFORM_ALIGNMENT) * UNIFORM_ALIGNMENT;
  }
  const staged = new Uint32Array(Math.max(bytes, UNIFORM_ALIGNMENT) / 4);
  words.forEach((fields, index) => {
    staged.set(fields, offsets[index]! / 4);
  });
  return { staged, offsets };
}

/**
 * A uniform struct as its shader declares it: a word for each field, then the table.
 * @throws Error when a number is not whole and not wrapped, or the table has too many rows: a bug of the kernel
 */
export function packUniforms(
  fields: Readonly<Record<string, UniformField>>,
  table?: readonly (readonly number[])[],
): Uint32Array {
  const values = Object.values(fields);
  if (table && table.length > TABLE_ROWS) throw new Error(`a table of ${table.length} rows, at most ${TABLE_ROWS} fit`);
  // The table is an array of vec4: it starts at a multiple of 16 bytes and is bound whole, however few rows are used.
  const start = Math.ceil(values.length / 4) * 4;
  const bytes = new DataView(new ArrayBuffer(table ? (start + 4 * TABLE_ROWS) * 4 : values.length * 4));
  for (const [index, value] of (table ?? []).flat().entries()) bytes.setUint32((start + index) * 4, value >>> 0, true);
  values.forEach((field, index) => {
    if (typeof field === "number") {
      if (!Number.isInteger(field))
        throw new Error(`uniform ${Object.keys(fields)[index]} is not whole: ${field}; wrap reals with f32()`);
      bytes.setUint32(index * 4, field >>> 0, true);
    } else bytes.setFloat32(index * 4, field.f32, true);
  });
  return new Uint32Array(bytes.buffer);
}
