import { expect, test } from "vitest";
import { Checkpoint } from "../../../src/nas/checkpoint.ts";
import { type PhaseIdentity, PhaseRecord } from "../../../src/nas/phase-record.ts";
import type { RunFiles } from "../../../src/nas/run-files.ts";
import { CHECKPOINT_FORMAT, type Identity, snapshotToFile } from "../../../src/nas/snapshot-file.ts";
import { readJob, type SweepJob } from "../../../src/nas/sweep-job.ts";
import type { Snapshot } from "../../../src/train/snapshot.ts";

// What is kept to go on from is another's, of another version, or gone.

/** The files of a run, in memory. */
function filesOf(content: Readonly<Record<string, string | Uint8Array<ArrayBuffer>>>): RunFiles {
  const files = new Map(Object.entries(content));
  const get = (path: string) => files.get(path) ?? expect.unreachable(path);
  return {
    writeFile: async (path, data) => void files.set(path, typeof data === "string" ? data : new Uint8Array(data)),
    readText: async (path) => get(path) as string,
    readBytes: async (path) => get(path) as Uint8Array<ArrayBuffer>,
    remove: async (path) => void files.delete(path),
    listFiles: async (folder) =>
      [...files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  };
}

const PATH = "run/checkpoint.safetensors";
const SNAPSHOT: Snapshot = {
  epoch: 1,
  batch: 0,
  epochs: [],
  halvings: 0,
  seconds: 0,
  vectors: new Map([["weights", new Float32Array(2)]]),
};

const checkpointOf = (files: RunFiles, identity: Identity) =>
  new Checkpoint({ files, path: PATH, identity, freq: 1, minutes: 0, resume: "same or refuse", onWarning: () => {} });

test("a checkpoint is gone on with by the training that it is of", async () => {
  const file = await snapshotToFile(SNAPSHOT, { conf: "1", "data set": "2" });
  const read = (identity: Identity) => checkpointOf(filesOf({ [PATH]: file }), identity).read();
  expect(await read({ conf: "1", "data set": "2" })).toEqual(SNAPSHOT);
  await expect(read({ conf: "1", "data set": "3" })).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: run/checkpoint.safetensors is of a training with another data set: go on with the data set as it was, choose another --exp-prefix, or begin anew with --resume fresh]`,
  );
});

test("a checkpoint of another format is refused", async () => {
  const file = await snapshotToFile(SNAPSHOT, {});
  // The header is text, in which the format stands as one digit.
  const text = new TextDecoder("latin1").decode(file).replace(`format\\":${CHECKPOINT_FORMAT}`, 'format\\":7');
  const other = Uint8Array.from(text, (character) => character.charCodeAt(0));
  await expect(checkpointOf(filesOf({ [PATH]: other }), {}).read()).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: run/checkpoint.safetensors has format 7, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh]`,
  );
});

const IDENTITY: PhaseIdentity = { conf: { "nas.search.trainer.epochs": "2" }, data: "d" };

const openPhase = (text: string, identity = IDENTITY) =>
  PhaseRecord.open({ files: filesOf({ "run/resume.json": text }), folder: "run", identity, request: {} }, "auto");

test("a phase's record that is damaged, or of another format, is refused", async () => {
  await expect(openPhase("{")).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: run/resume.json is damaged: put back a copy, or begin anew with --resume fresh]`,
  );
  await expect(openPhase('{"format": 0}')).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: run/resume.json has format 0, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh]`,
  );
});

test("a job that has not run to its end has no result", async () => {
  const job = { parts: { environment: filesOf({}) }, folder: "run/job" } as unknown as SweepJob;
  await expect(readJob(job)).rejects.toThrow("run/job has no finished search");
});
