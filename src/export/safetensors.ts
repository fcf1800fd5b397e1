import { SupernetError, shown } from "../errors.ts";
import { duplicateKey, jsonDepth } from "./json-keys.ts";

/**
 * A tensor in the safetensors format: row-major, little endian as in memory.
 * https://github.com/huggingface/safetensors#format
 */
export type SafeTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: "F32"; readonly data: Float32Array }
  | { readonly dtype: "I32"; readonly data: Int32Array }
  | { readonly dtype: "I64"; readonly data: BigInt64Array }
  | { readonly dtype: "U8"; readonly data: Uint8Array }
);

export type DType = SafeTensor["dtype"];

const ARRAYS = { F32: Float32Array, I32: Int32Array, I64: BigInt64Array, U8: Uint8Array } as const;

/** The one name in a header that is no tensor. */
const METADATA = "__metadata__";

/** Room for a hundred thousand tensors. The format allows a hundred million bytes, which take gigabytes once parsed. */
const MAX_HEADER = 2 ** 23;

/** A list (shape) in an object (tensor) in an object. */
const HEADER_DEPTH = 3;

/**
 * Bytes of a file: the header's length in eight bytes, the header as JSON, the data. Nothing else goes in, so equal
 * arguments give equal bytes. The header names tensors in the order of the map; their data are ordered by falling element
 * size, which keeps every tensor aligned for readers that map the file into memory.
 *
 * @throws Error when a tensor's data do not fill its shape, or it is named `__metadata__`
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, SafeTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const placed = new Map<string, readonly [number, number]>();
  let size = 0;
  for (const [name, tensor] of [...tensors].sort(([, a], [, b]) => elementSize(b.dtype) - elementSize(a.dtype))) {
    if (name === METADATA) throw new Error(`a tensor must not be named ${METADATA}`);
    if (byteLength(tensor) !== tensor.data.byteLength) {
      throw new Error(`${name} has ${tensor.data.length} elements, its shape is [${tensor.shape.join(", ")}]`);
    }
    placed.set(name, [size, size + tensor.data.byteLength]);
    size += tensor.data.byteLength;
  }
  // Put together by hand: an object would move names that look like numbers to its front.
  const entries: [string, unknown][] = metadata ? [[METADATA, metadata]] : [];
  for (const [name, { dtype, shape }] of tensors)
    entries.push([name, { dtype, shape, data_offsets: placed.get(name) }]);
  const text = entries.map(([name, entry]) => `${JSON.stringify(name)}:${JSON.stringify(entry)}`).join(",");
  const header = new TextEncoder().encode(`{${text}}`);
  const start = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(start + size);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.fill(0x20, 8, start);
  bytes.set(header, 8);
  for (const [name, { data }] of tensors) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start + placed.get(name)![0]);
  }
  return bytes;
}

/**
 * Reads a file, believing nothing it says about itself. Data are copies.
 *
 * @param source names it in errors
 * @throws SupernetError("io") when it is truncated, its header is malformed or names a tensor twice, or its tensors
 *   overlap, leave gaps, end outside of the file, or have another size than their shape
 */
export function readSafetensors(bytes: Uint8Array, source = "file"): Map<string, SafeTensor> {
  const { start, listed, fail } = readHeader(bytes, source);
  const entries = Object.entries(listed).map(([name, entry]) => checkEntry(name, entry, fail));
  checkPlaces(entries, bytes.length - start, fail);
  return new Map(
    entries.map(({ name, dtype, shape, from, to }) => {
      // Not bytes.slice: on Node's buffers it yields a view.
      const data = new ARRAYS[dtype](new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
      return [name, { dtype, shape, data } as SafeTensor];
    }),
  );
}

/** The metadata of a file. @throws SupernetError("io") when it is too short or its header is malformed */
export function readMetadata(bytes: Uint8Array, source = "file"): Readonly<Record<string, string>> {
  return readHeader(bytes, source).metadata;
}

/**
 * Bytes from the beginning of a file to the end of its header.
 * @param bytes the first 8 at least
 * @throws SupernetError("io") for what is no safetensors file
 */
export function headerEnd(bytes: Uint8Array, source = "file"): number {
  return endOfHeader(bytes, failOf(source));
}

interface FileHeader {
  readonly metadata: Readonly<Record<string, string>>;
  /** What is said of each tensor, by name. */
  readonly listed: Readonly<Record<string, unknown>>;
  /** Where the data begin. */
  readonly start: number;
  readonly fail: Fail;
}

const failOf =
  (source: string): Fail =>
  (what) => {
    throw new SupernetError(
      "io",
      `${source} is not a valid safetensors file: ${what}; it may be damaged: write or copy it again`,
    );
  };

function endOfHeader(bytes: Uint8Array, fail: Fail): number {
  if (bytes.length < 8) return fail(`it has ${bytes.length} bytes, less than the length of a header takes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER) return fail(`its header claims ${length} bytes, more than ${MAX_HEADER}`);
  return 8 + Number(length);
}

function readHeader(bytes: Uint8Array, source: string): FileHeader {
  const fail = failOf(source);
  const start = endOfHeader(bytes, fail);
  if (start > bytes.length) return fail(`its header claims ${start - 8} bytes, but only ${bytes.length - 8} follow`);
  const { [METADATA]: metadata = {}, ...listed } = parseHeader(bytes.subarray(8, start), fail);
  if (!isObject(metadata) || Object.values(metadata).some((value) => typeof value !== "string")) {
    return fail("its metadata are not a map of strings");
  }
  return { metadata: metadata as Record<string, string>, listed, start, fail };
}

type Fail = (what: string) => never;

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

function parseHeader(bytes: Uint8Array, fail: Fail): Record<string, unknown> {
  const attempt = <T>(work: () => T): T => {
    try {
      return work();
    } catch {
      return fail("its header is not JSON");
    }
  };
  const text = attempt(() => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  // Whoever walks through what is deeper overflows the stack, and be it to tell what is wrong with it.
  if (jsonDepth(text) > HEADER_DEPTH) return fail("its header is not a map of tensors");
  const parsed: unknown = attempt(() => JSON.parse(text));
  if (!isObject(parsed)) return fail("its header is not a JSON object");
  const twice = duplicateKey(text);
  return twice === undefined ? parsed : fail(`its header has ${shown(twice)} twice`);
}

function checkEntry(name: string, entry: unknown, fail: Fail): Entry {
  if (!isObject(entry)) return fail(`${shown(name)} is not described by a JSON object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isDType(dtype)) {
    return fail(`${shown(name)} has the type ${shown(dtype)}, not one of ${Object.keys(ARRAYS).join(", ")}`);
  }
  if (!isCounts(shape)) return fail(`${shown(name)} has the shape ${shown(shape)}`);
  const [from, to] = isCounts(offsets) && offsets.length === 2 ? offsets : [];
  if (from === undefined || to === undefined) return fail(`${shown(name)} lies at ${shown(offsets)}`);
  const size = byteLength({ dtype, shape });
  if (!Number.isSafeInteger(size)) return fail(`${shown(name)} has the shape ${shown(shape)}`);
  if (to - from !== size) return fail(`${shown(name)} takes ${to - from} bytes, its type and shape want ${size}`);
  return { name, dtype, shape, from, to };
}

/** One tensor after the other must fill the data exactly. */
function checkPlaces(entries: readonly Entry[], available: number, fail: Fail): void {
  let end = 0;
  let before = "the header";
  for (const { name, from, to } of [...entries].sort((a, b) => a.from - b.from || a.to - b.to)) {
    if (from < end) fail(`${shown(name)} overlaps ${before}`);
    if (from > end) fail(`${from - end} bytes between ${before} and ${shown(name)} belong to no tensor`);
    if (to > available) fail(`${shown(name)} ends ${to - available} bytes after the file`);
    end = to;
    before = shown(name);
  }
  if (end < available) fail(`${available - end} bytes after ${before} belong to no tensor`);
}

const elementSize = (dtype: DType) => ARRAYS[dtype].BYTES_PER_ELEMENT;

const byteLength = ({ dtype, shape }: Pick<SafeTensor, "dtype" | "shape">) =>
  shape.reduce((product, length) => product * length, elementSize(dtype));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isDType = (value: unknown): value is DType => typeof value === "string" && Object.hasOwn(ARRAYS, value);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
