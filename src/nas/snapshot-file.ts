import { SupernetError } from "../errors.ts";
import { headerEnd, readMetadata, readSafetensors, type SafeTensor, writeSafetensors } from "../export/safetensors.ts";
import type { Place, Snapshot } from "../train/snapshot.ts";
import { sha256 } from "./sha256.ts";

/** To be raised when a snapshot comes to mean something else. */
export const CHECKPOINT_FORMAT = 1;

/** What decides a training, by what users call it ("conf", "data set", …): hashes. */
export type Identity = Readonly<Record<string, string>>;

/** What a file says of its snapshot. */
interface Header extends Place {
  readonly format: number;
  readonly identity: Identity;
}

/** Names in the metadata of a safetensors file: the header as JSON, and a hash of all that is in the file. */
const HEADER = "supernet.checkpoint";
const DIGEST = "supernet.sha256";

type Vectors = Snapshot["vectors"];

/** A snapshot as a safetensors file: its vectors as tensors, all else as JSON in the metadata. */
export async function snapshotToFile(
  { vectors, ...place }: Snapshot,
  identity: Identity,
): Promise<Uint8Array<ArrayBuffer>> {
  const header: Header = { format: CHECKPOINT_FORMAT, identity, ...place };
  const tensors = [...vectors].map(([name, data]): [string, SafeTensor] => [
    name,
    { dtype: "F32", shape: [data.length], data },
  ]);
  const text = JSON.stringify(header);
  return writeSafetensors(new Map(tensors), { [HEADER]: text, [DIGEST]: await digestOf(text, vectors) });
}

function digestOf(header: string, vectors: Vectors): Promise<string> {
  const text = new TextEncoder();
  const parts = [...vectors].flatMap(([name, data]) => [text.encode(name), new Uint8Array(data.buffer)]);
  return sha256(text.encode(header), ...parts);
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
  const vectors: Vectors = new Map(
    [...readSafetensors(bytes, path)].map(([name, { dtype, data }]) => {
      if (dtype !== "F32") throw damaged(path, `${name} is of type ${dtype}`);
      return [name, data as Float32Array<ArrayBuffer>];
    }),
  );
  const { [HEADER]: text, [DIGEST]: digest } = readMetadata(bytes, path);
  if (text === undefined) throw damaged(path, "it is no checkpoint of supernet");
  const { format, identity, ...place } = parseHeader(text, path);
  if ((await digestOf(text, vectors)) !== digest) throw damaged(path, "its content is not what was written");
  return { identity, snapshot: { ...place, vectors } };
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
    header = JSON.parse(text) as Partial<Header> | null;
  } catch {
    throw damaged(path, "its header is not JSON");
  }
  if (header?.format === CHECKPOINT_FORMAT) return header as Header;
  throw new SupernetError(
    "io",
    `${path} has format ${header?.format}, this version of supernet reads ${CHECKPOINT_FORMAT}: ` +
      "go on with the version that wrote it, or begin anew with --resume fresh",
  );
}

function damaged(path: string, what: string): SupernetError {
  const remedy = "put back a copy, or begin anew with --resume fresh";
  return new SupernetError("io", `${path} is damaged: ${what}; ${remedy}`);
}
