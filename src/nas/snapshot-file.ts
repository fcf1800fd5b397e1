import { SupernetError } from "../errors.ts";
import { headerEnd, readMetadata, readSafetensors, type SafeTensor, writeSafetensors } from "../export/safetensors.ts";
import type { Place, Snapshot } from "../train/snapshot.ts";
import { fromJson, toJson } from "./json-numbers.ts";
import { sha256 } from "./sha256.ts";

/** To be raised when a snapshot comes to mean something else. */
export const CHECKPOINT_FORMAT = 1;

/** What decides a training, by what users call it ("conf", "data set", …): hashes. */
export type Identity = Readonly<Record<string, string>>;

/** What a file says of its snapshot. */
interface Header extends Omit<Snapshot, "vectors"> {
  readonly format: number;
  readonly identity: Identity;
}

/** Names in the metadata of a safetensors file: the header as JSON, and a hash of all that is in the file. */
const HEADER = "supernet.checkpoint";
const DIGEST = "supernet.sha256";

type Vectors = Snapshot["vectors"];

/** A snapshot as a safetensors file: its vectors as tensors, all else as JSON in the metadata. */
export async function snapshotToFile(
  { vectors, ...rest }: Snapshot,
  identity: Identity,
): Promise<Uint8Array<ArrayBuffer>> {
  const header: Header = { format: CHECKPOINT_FORMAT, identity, ...rest };
  const tensors = [...vectors].map(([name, data]): [string, SafeTensor] => [
    name,
    { dtype: "F32", shape: [data.length], data },
  ]);
  const text = toJson(header);
  return writeSafetensors(new Map(tensors), { [HEADER]: text, [DIGEST]: await digestOf(text, vectors) });
}

function digestOf(header: string, vectors: Vectors): Promise<string> {
  const inOrder = [...vectors].sort(([a], [b]) => (a < b ? -1 : 1));
  const sizes = inOrder.map(([name, { length }]) => [name, length]);
  const bytes = inOrder.map(([, { buffer, byteOffset, byteLength }]) => new Uint8Array(buffer, byteOffset, byteLength));
  return sha256(new TextEncoder().encode(JSON.stringify([header, sizes])), ...bytes);
}

export interface SnapshotFile {
  readonly identity: Identity;
  readonly snapshot: Snapshot;
}

/**
 * The inverse.
 * @param path names the file in errors
 * @throws SupernetError("io") for a file that is damaged, is no checkpoint, or is one of another format
 */
export async function fileToSnapshot(bytes: Uint8Array, path: string): Promise<SnapshotFile> {
  const { tensors, metadata } = readWhole(bytes, path);
  const vectors: Vectors = new Map(
    [...tensors].map(([name, { dtype, data }]) => {
      if (dtype !== "F32") throw damaged(path, `${name} is of type ${dtype}`);
      return [name, data as Float32Array<ArrayBuffer>];
    }),
  );
  const { [HEADER]: text, [DIGEST]: digest } = metadata;
  if (text === undefined) throw damaged(path, "it is no checkpoint of supernet");
  const { format, identity, ...rest } = parseHeader(text, path);
  if ((await digestOf(text, vectors)) !== digest) throw damaged(path, "its content is not what was written");
  return { identity, snapshot: { ...rest, vectors } };
}

function readWhole(bytes: Uint8Array, path: string) {
  try {
    return { tensors: readSafetensors(bytes, path), metadata: readMetadata(bytes, path) };
  } catch (cause) {
    throw damaged(path, "it is no safetensors file, or not the whole of one", cause);
  }
}

/**
 * Where a training stands, from the beginning of its checkpoint alone: files may be large.
 * @param start gives the first bytes of the file
 * @throws as `fileToSnapshot`
 */
export async function readPlace(start: (bytes: number) => Promise<Uint8Array>, path: string): Promise<Place> {
  const header = await start(headerEnd(await start(8), path));
  const { [HEADER]: text } = readMetadata(header, path);
  if (text === undefined) throw damaged(path, "it is no checkpoint of supernet");
  const { format: _, identity: __, ...place } = parseHeader(text, path);
  return place;
}

/** @throws SupernetError("io") for a header that is damaged or of another format */
function parseHeader(text: string, path: string): Header {
  let header: Partial<Header> | null;
  try {
    header = fromJson(text) as Partial<Header> | null;
  } catch (cause) {
    throw damaged(path, "its header is not JSON", cause);
  }
  checkFormat(header?.format, path);
  return header as Header;
}

/** @throws SupernetError("io") for what another version of this program has kept */
export function checkFormat(format: unknown, path: string): void {
  if (format === CHECKPOINT_FORMAT) return;
  if (typeof format !== "number") throw damaged(path, "it does not say which format it has");
  throw new SupernetError(
    "io",
    `${path} has format ${format}, this version of supernet reads ${CHECKPOINT_FORMAT}: ` +
      "go on with the version that wrote it, or begin anew with --resume fresh",
  );
}

/** The error for something kept that is not what was written. */
export function damaged(path: string, what: string, cause?: unknown): SupernetError {
  const remedy = "put back a copy, or begin anew with --resume fresh";
  return new SupernetError("io", `${path} is damaged: ${what}; ${remedy}`, { cause });
}
