import { SupernetError } from "../errors.ts";

/**
 * The safetensors format: eight bytes with the length of the header (little endian), the header as JSON, the tensors.
 * https://github.com/huggingface/safetensors#format
 */
export interface SafeTensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Row-major, little endian as in memory. */
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array;
}

export type DType = "F32" | "I32" | "I64" | "U8";

const ARRAYS = { F32: Float32Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array } as const;

/** The reference implementation refuses longer headers, too. */
const MAX_HEADER = 100_000_000;

/** Bytes of a file. The order is that of the map, and nothing else goes in: equal tensors give equal bytes. */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  let offset = 0;
  for (const [name, { dtype, shape, data }] of tensors) {
    header[name] = { dtype, shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const text = JSON.stringify(header);
  const encoded = new TextEncoder().encode(text);
  const headerLength = Math.ceil(encoded.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  bytes.set(encoded, 8);
  let position = 8 + headerLength;
  for (const { data } of tensors.values()) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), position);
    position += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a file back.
 * @param source names it in errors
 * @throws SupernetError("io") when it is truncated or its header contradicts itself
 */
export function readSafetensors(bytes: Uint8Array, source = "safetensors file"): Map<string, SafeTensor> {
  const fail = (what: string): never => {
    throw new SupernetError("io", `${source} is not a valid safetensors file: ${what}; download or write it again`);
  };
  if (bytes.length < 8) return fail(`it has ${bytes.length} bytes, not even a header length`);
  const headerLength = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (headerLength > MAX_HEADER || Number(headerLength) > bytes.length - 8) {
    return fail(`its header claims ${headerLength} bytes, the file has ${bytes.length - 8} left`);
  }
  const start = 8 + Number(headerLength);
  const tensors = new Map<string, SafeTensor>();
  let end = 0;
  for (const [name, entry] of entriesOf(bytes.subarray(8, start), fail)) {
    const { dtype, shape, data_offsets: offsets } = entry;
    if (!(dtype in ARRAYS)) return fail(`tensor ${name} has the unknown type ${String(dtype)}`);
    if (!isCounts(shape) || !isCounts(offsets) || offsets.length !== 2)
      return fail(`tensor ${name} has no shape or offsets`);
    const [from = 0, to = 0] = offsets;
    const size = shape.reduce((product, length) => product * length, ARRAYS[dtype].BYTES_PER_ELEMENT);
    if (from !== end || to - from !== size)
      return fail(`tensor ${name} lies at ${from} to ${to}, expected ${end} to ${end + size}`);
    if (start + to > bytes.length)
      return fail(`tensor ${name} ends ${start + to - bytes.length} bytes behind the file`);
    const copy = bytes.slice(start + from, start + to).buffer;
    tensors.set(name, { dtype, shape, data: new ARRAYS[dtype](copy) });
    end = to;
  }
  if (start + end !== bytes.length) return fail(`${bytes.length - start - end} bytes follow the last tensor`);
  return tensors;
}

interface Entry {
  readonly dtype: DType;
  readonly shape: unknown;
  readonly data_offsets: unknown;
}

/** Entries of the header by rising offset. */
function entriesOf(header: Uint8Array, fail: (what: string) => never): [string, Entry][] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header));
  } catch {
    return fail("its header is not JSON");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    return fail("its header is not an object");
  const entries = Object.entries(parsed).filter(([name]) => name !== "__metadata__");
  if (entries.some(([, entry]) => typeof entry !== "object" || entry === null))
    return fail("its header lists no tensors");
  const first = (entry: Entry) => (isCounts(entry.data_offsets) ? (entry.data_offsets[0] ?? 0) : 0);
  return (entries as [string, Entry][]).sort(([, a], [, b]) => first(a) - first(b));
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
