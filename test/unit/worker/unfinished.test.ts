import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { nodeFiles } from "../../../src/host/node/files.ts";
import type { Phase } from "../../../src/nas/phase.ts";
import { PhaseRecord } from "../../../src/nas/phase-record.ts";
import { snapshotToFile } from "../../../src/nas/snapshot-file.ts";
import type { RunRequest } from "../../../src/worker/protocol.ts";
import { runFiles } from "../../../src/worker/run-files.ts";
import { unfinishedRuns } from "../../../src/worker/unfinished.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "supernet-unfinished-"));
});
afterEach(() => rm(root, { recursive: true }));

const request = (prefix: string, more: Partial<RunRequest> = {}): RunRequest => {
  return { algo: "darts", dataset: "pets", prefix, ...more };
};

/** What a phase leaves when it has begun, and ended. */
async function phase(name: string, phase: Phase, asked: RunRequest, { ended = false } = {}): Promise<void> {
  const conf = {
    "nas.search.trainer.title": "arch_train",
    "nas.search.trainer.epochs": "50",
    "nas.search.post_train.trainer.title": "post_train",
    "nas.search.post_train.trainer.epochs": "2",
  };
  const parts = {
    files: runFiles(nodeFiles),
    folder: `${root}/${name}_${phase}`,
    origin: { request: asked, ranOn: {} },
  };
  const record = await PhaseRecord.open({ ...parts, identity: { conf, data: "" } }, "fresh");
  await record.begin();
  if (ended) await record.end({});
}

async function checkpoint(path: string, epoch: number, minute: number): Promise<void> {
  const vectors = new Map([["weights", new Float32Array(100_000)]]);
  const place = { epoch, batch: 3, epochs: [], seconds: 1, halvings: 0 };
  await nodeFiles.writeFile(`${root}/${path}`, await snapshotToFile({ ...place, vectors }, {}));
  await utimes(join(root, path), minute * 60, minute * 60);
}

const found = async () => (await unfinishedRuns(nodeFiles, root)).map(({ modified: _, ...run }) => run);

it("tells where the training stands that was kept last", async () => {
  await phase("darts_pets_a", "search", request("a"));
  await checkpoint("darts_pets_a_search/checkpoint.arch_train.safetensors", 50, 1);
  await checkpoint("darts_pets_a_search/checkpoint.post_train.safetensors", 1, 2);
  expect(await found()).toEqual([
    {
      name: "darts_pets_a",
      request: request("a"),
      ended: [],
      standing: { phase: "search", training: "post_train", epoch: 1, epochs: 2 },
    },
  ]);
});

it("tells a run that was cut off between checkpoints, and between its phases", async () => {
  await phase("darts_pets_a", "search", request("a"), { ended: true });
  await phase("darts_pets_b", "search", request("b"), { ended: true });
  await phase("darts_pets_b", "eval", request("b"));
  await nodeFiles.writeFile(`${root}/darts_pets_b_eval/checkpoint.eval_train.safetensors`, "damaged");
  await phase("darts_pets_full", "search", { algo: "darts", dataset: "pets", full: true });
  const runs = await found();
  expect(runs.map(({ name, ended, standing }) => [name, ended, standing]).sort()).toEqual([
    ["darts_pets_a", ["search"], undefined],
    ["darts_pets_b", ["search"], undefined],
    ["darts_pets_full", [], undefined],
  ]);
});

it("leaves out what has ended, what was begun by an older version, and what is under another name", async () => {
  await phase("darts_pets_a", "search", request("a", { phases: ["search"] }), { ended: true });
  await nodeFiles.writeFile(`${root}/darts_pets_a_search/run.json`, "{}");
  await phase("darts_pets_b", "search", request("b"), { ended: true });
  await phase("darts_pets_b", "eval", request("b"), { ended: true });
  await nodeFiles.writeFile(`${root}/darts_pets_b_eval/run.json`, "{}");
  await nodeFiles.writeFile(`${root}/darts_pets_c_search/log.log`, "");
  await nodeFiles.writeFile(`${root}/darts_pets_d_search/resume.json`, '{ "format": 0 }');
  await phase("renamed", "search", request("e"));
  expect(await found()).toEqual([]);
});
