import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readMetadata, readSafetensors, writeSafetensors } from "../../../src/export/safetensors.ts";
import { fileToSnapshot, snapshotToFile } from "../../../src/nas/snapshot-file.ts";
import { bitsOf, SNAPSHOT, snapshots } from "./snapshots.ts";

const IDENTITY = { conf: "c0ffee", "data set": "da7a" };

const HEADER = "supernet.checkpoint";

/** The file with other metadata, as nobody writes it. */
async function withMetadata(change: (metadata: Record<string, string>) => Record<string, string>) {
  const file = await snapshotToFile(SNAPSHOT, IDENTITY);
  return writeSafetensors(readSafetensors(file), change({ ...readMetadata(file) }));
}

describe("a snapshot in a file", () => {
  it("comes back to the bit", () =>
    fc.assert(
      fc.asyncProperty(snapshots, fc.dictionary(fc.string(), fc.string()), async (snapshot, identity) => {
        const read = await fileToSnapshot(await snapshotToFile(snapshot, identity), "c.safetensors");
        expect({ ...read, snapshot: bitsOf(read.snapshot) }).toEqual({ identity, snapshot: bitsOf(snapshot) });
        for (const [i, { endLr }] of read.snapshot.epochs.entries()) expect(endLr).toBe(snapshot.epochs[i]!.endLr);
      }),
      { numRuns: 200, seed: 6 },
    ));

  it("is the same bytes each time", async () => {
    expect(await snapshotToFile(SNAPSHOT, IDENTITY)).toEqual(await snapshotToFile(SNAPSHOT, IDENTITY));
  });

  it("can be read by any reader of safetensors", async () => {
    const tensors = readSafetensors(await snapshotToFile(SNAPSHOT, IDENTITY));
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, shape])).toEqual([
      ["weights", "F32", [4]],
      ["metrics", "F32", [1]],
    ]);
  });
});

describe("what is refused", () => {
  const messageOf = async (bytes: Uint8Array) => {
    const error = await fileToSnapshot(bytes, "checkpoint.arch_train.safetensors").catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "SupernetError", code: "io" });
    return error.message;
  };

  it("is a file of another format", async () => {
    const bytes = await withMetadata(({ [HEADER]: header, ...rest }) => ({
      ...rest,
      [HEADER]: header!.replace('"format":1', '"format":2'),
    }));
    expect(await messageOf(bytes)).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors has format 2, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh"`,
    );
  });

  it("is the half of a file", async () => {
    const bytes = await snapshotToFile(SNAPSHOT, IDENTITY);
    expect(await messageOf(bytes.subarray(0, bytes.length / 2))).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors is damaged: it is no safetensors file, or not the whole of one; put back a copy, or begin anew with --resume fresh"`,
    );
  });

  it("is a weight with another bit", async () => {
    const bytes = await snapshotToFile(SNAPSHOT, IDENTITY);
    bytes[bytes.length - 1]! ^= 1;
    expect(await messageOf(bytes)).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors is damaged: its content is not what was written; put back a copy, or begin anew with --resume fresh"`,
    );
  });

  it("is the weights of a network", async () => {
    const weights = writeSafetensors(new Map([["a.weight", { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]));
    expect(await messageOf(weights)).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors is damaged: it is no checkpoint of supernet; put back a copy, or begin anew with --resume fresh"`,
    );
  });

  it("is a header that is no JSON, or says nothing", async () => {
    expect(await messageOf(await withMetadata((rest) => ({ ...rest, [HEADER]: "{" })))).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors is damaged: its header is not JSON; put back a copy, or begin anew with --resume fresh"`,
    );
    expect(await messageOf(await withMetadata((rest) => ({ ...rest, [HEADER]: "null" })))).toMatchInlineSnapshot(
      `"checkpoint.arch_train.safetensors is damaged: it does not say which format it has; put back a copy, or begin anew with --resume fresh"`,
    );
  });
});
