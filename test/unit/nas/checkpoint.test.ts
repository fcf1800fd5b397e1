import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SupernetError } from "../../../src/errors.ts";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { type Cadence, Checkpoint } from "../../../src/nas/checkpoint.ts";
import type { RunFiles } from "../../../src/nas/run-files.ts";
import type { Snapshot } from "../../../src/train/snapshot.ts";
import { runFiles } from "../../../src/worker/run-files.ts";
import { bitsOf, SNAPSHOT } from "./snapshots.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-checkpoint-"));
});
afterEach(() => rm(folder, { recursive: true }));

const NEVER: Cadence = { freq: 0, minutes: Number.POSITIVE_INFINITY, steps: 0 };
const IDENTITY = { conf: "c", "data set": "d", network: "n" };

interface Parts {
  readonly cadence?: Partial<Cadence>;
  readonly identity?: Readonly<Record<string, string>>;
  readonly files?: RunFiles;
  readonly onWarning?: (message: string) => void;
}

function checkpoint({ cadence, identity = IDENTITY, ...parts }: Parts = {}): Checkpoint {
  const spec = { path: `${folder}/checkpoint.safetensors`, cadence: { ...NEVER, ...cadence }, identity };
  const fail = (message: string) => {
    throw new Error(message);
  };
  return new Checkpoint(spec, { files: runFiles(nodeFiles), onWarning: fail, ...parts });
}

const at = (epoch: number, batch: number): Snapshot => ({ ...SNAPSHOT, epoch, batch });

/** What a new process would find. */
async function kept(): Promise<string | undefined> {
  const snapshot = await checkpoint().read();
  return snapshot && `${snapshot.epoch}.${snapshot.batch}`;
}

describe("a checkpoint", () => {
  it("is where the training stood when it was last kept", async () => {
    const first = checkpoint();
    expect(await first.read()).toBeUndefined();
    first.offer(at(0, 3));
    first.offer(at(0, 7));
    expect(await readdir(folder)).toEqual([]);
    await first.keep();
    const found = await checkpoint().read();
    expect(bitsOf(found!)).toEqual(bitsOf(at(0, 7)));
    expect(await readdir(folder)).toEqual(["checkpoint.safetensors"]);
  });

  it("is written after so many epochs", async () => {
    const every = checkpoint({ cadence: { freq: 2 } });
    for (const epoch of [1, 2, 3]) {
      every.offer(at(epoch, 0));
      every.offer(at(epoch, 5));
      await vi.waitFor(async () => expect(await kept()).toBe(epoch === 1 ? undefined : "2.0"));
    }
    await every.keep();
    expect(await kept()).toBe("3.5");
  });

  it("is written after so many minutes", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const every = checkpoint({ cadence: { minutes: 10 } });
      every.offer(at(0, 1));
      vi.advanceTimersByTime(9.9 * 60_000);
      every.offer(at(0, 2));
      vi.advanceTimersByTime(0.2 * 60_000);
      every.offer(at(0, 3));
      await vi.waitFor(async () => expect(await kept()).toBe("0.3"));
      vi.advanceTimersByTime(9.9 * 60_000);
      every.offer(at(0, 4));
      expect(await readdir(folder)).toEqual(["checkpoint.safetensors"]);
      expect(await kept()).toBe("0.3");
    } finally {
      vi.useRealTimers();
    }
  });

  it("is written after so many steps, which are those of the snapshots", async () => {
    const every = checkpoint({ cadence: { steps: 3 } });
    expect(every.steps).toBe(3);
    expect(checkpoint().steps).toBeUndefined();
    every.offer(at(0, 3));
    await vi.waitFor(async () => expect(await kept()).toBe("0.3"));
  });

  it("that becomes due while one is written is written next, the latest of several", async () => {
    const written: string[] = [];
    const files: RunFiles = {
      ...runFiles(nodeFiles),
      async writeFile(path, data, options) {
        await nodeFiles.writeFile(path, data, options);
        written.push((await kept())!);
      },
    };
    const every = checkpoint({ cadence: { minutes: 0 }, files });
    for (const batch of [1, 2, 3]) every.offer(at(0, batch));
    await vi.waitFor(() => expect(written).toHaveLength(2));
    await every.keep();
    expect(written).toEqual(["0.1", "0.3"]);
  });

  it("that cannot be written is told of once, and the one before stays", async () => {
    const warnings: string[] = [];
    let full = false;
    const files: RunFiles = {
      ...runFiles(nodeFiles),
      async writeFile(path, data, options) {
        if (full) throw new SupernetError("io", `cannot write ${path}: the disk is full`);
        await nodeFiles.writeFile(path, data, options);
      },
    };
    const onWarning = (message: string) => void warnings.push(message.replaceAll(folder, "FOLDER"));
    const every = checkpoint({ cadence: { minutes: 0 }, files, onWarning });
    every.offer(at(0, 1));
    await vi.waitFor(async () => expect(await kept()).toBe("0.1"));
    full = true;
    every.offer(at(0, 2));
    await vi.waitFor(() => expect(warnings).toHaveLength(1));
    every.offer(at(0, 3));
    await every.keep();
    expect(await kept()).toBe("0.1");
    full = false;
    every.offer(at(0, 4));
    await vi.waitFor(async () => expect(await kept()).toBe("0.4"));
    expect(warnings).toMatchInlineSnapshot(`
      [
        "cannot write FOLDER/checkpoint.safetensors: the disk is full; the checkpoint before stays, and training goes on",
      ]
    `);
  });

  it("of another training is refused, naming what is different", async () => {
    const first = checkpoint();
    first.offer(at(0, 1));
    await first.keep();
    const messages = await Promise.all(
      Object.keys(IDENTITY).map(async (name) => {
        const other = checkpoint({ identity: { ...IDENTITY, [name]: "other" } });
        const error = await other.read().catch((thrown) => thrown);
        expect(error).toMatchObject({ name: "SupernetError", code: "io" });
        return error.message.replaceAll(folder, "FOLDER");
      }),
    );
    expect(messages).toMatchInlineSnapshot(`
      [
        "FOLDER/checkpoint.safetensors is of a training with another conf: go on with the conf as it was, or delete the file: then this training begins anew",
        "FOLDER/checkpoint.safetensors is of a training with another data set: go on with the data set as it was, or delete the file: then this training begins anew",
        "FOLDER/checkpoint.safetensors is of a training with another network: go on with the network as it was, or delete the file: then this training begins anew",
      ]
    `);
    await expect(checkpoint({ identity: { conf: "c", "data set": "d" } }).read()).rejects.toThrow("another network");
  });
});
