import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { type PhaseIdentity, type PhaseOrigin, PhaseRecord, readUnfinished } from "../../../src/nas/phase-record.ts";
import { runFiles } from "../../../src/worker/run-files.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "supernet-record-"));
});
afterEach(() => rm(folder, { recursive: true }));

const IDENTITY: PhaseIdentity = {
  conf: { "common.seed": "2", "nas.eval.trainer.epochs": "1" },
  data: "da7a",
  found: "f00d",
};
const ORIGIN: PhaseOrigin = { request: { algo: "darts" }, ranOn: { adapter: "llvmpipe", "version of supernet": "1" } };

/** What others are told of it. */
const ORIGIN_KEPT = { request: ORIGIN.request, conf: IDENTITY.conf };

const files = runFiles(nodeFiles);

const open = (identity = IDENTITY, mode: "fresh" | "auto" = "auto", origin = ORIGIN) =>
  PhaseRecord.open({ files, folder, identity, origin }, mode);

describe("what is kept of a phase", () => {
  it("is nothing before it has begun", async () => {
    const record = await open();
    expect([record.resumes, record.ended, record.doubts]).toEqual([false, undefined, []]);
    expect(await readUnfinished(files, folder)).toBeUndefined();
  });

  it("is that it has begun, and what it came to when it has ended", async () => {
    const first = await open();
    await first.begin();
    const second = await open();
    expect([second.resumes, second.ended]).toEqual([true, undefined]);
    expect(await readUnfinished(files, folder)).toMatchObject({ ...ORIGIN_KEPT, ended: false });
    await second.end({ text: "found" });
    const third = await open();
    expect([third.resumes, third.ended]).toEqual([true, { text: "found" }]);
    expect(await readUnfinished(files, folder)).toMatchObject({ ...ORIGIN_KEPT, ended: true });
  });

  it("is nothing to whoever begins anew", async () => {
    await (await open()).end({});
    const record = await open(IDENTITY, "fresh");
    expect([record.resumes, record.ended]).toEqual([false, undefined]);
  });

  it("is doubted where it goes on elsewhere, but not once it has ended", async () => {
    await (await open()).begin();
    const elsewhere = { ...ORIGIN, ranOn: { ...ORIGIN.ranOn, adapter: "H200" } };
    const { doubts } = await open(IDENTITY, "auto", elsewhere);
    expect(doubts.map((text) => text.replaceAll(folder, "FOLDER"))).toMatchInlineSnapshot(`
      [
        "FOLDER was begun with another adapter, llvmpipe, and goes on with H200: the last bits of its results may differ",
      ]
    `);
    await (await open()).end({});
    expect((await open(IDENTITY, "auto", elsewhere)).doubts).toEqual([]);
  });
});

describe("what is refused", () => {
  beforeEach(async () => (await open()).begin());

  async function messageOf(identity: PhaseIdentity = IDENTITY): Promise<string> {
    const before = await readFile(`${folder}/resume.json`, "utf8");
    const error = await open(identity).catch((thrown) => thrown);
    expect(error).toMatchObject({ name: "SupernetError", code: "io" });
    expect(await readFile(`${folder}/resume.json`, "utf8")).toBe(before);
    return error.message.replaceAll(folder, "FOLDER");
  }

  it("is another value of a key, one more, and one less", async () => {
    const { conf } = IDENTITY;
    expect(await messageOf({ ...IDENTITY, conf: { ...conf, "nas.eval.trainer.epochs": "3" } })).toMatchInlineSnapshot(
      `"FOLDER was begun with nas.eval.trainer.epochs 1, now it is 3: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
    );
    expect(await messageOf({ ...IDENTITY, conf: { ...conf, "nas.eval.x": "1" } })).toMatchInlineSnapshot(
      `"FOLDER was begun with nas.eval.x absent, now it is 1: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
    );
    expect(await messageOf({ ...IDENTITY, conf: { "common.seed": "2" } })).toMatchInlineSnapshot(
      `"FOLDER was begun with nas.eval.trainer.epochs 1, now it is absent: set it back, choose another --exp-prefix, or begin anew with --resume fresh"`,
    );
  });

  it("is another data set", async () => {
    expect(await messageOf({ ...IDENTITY, data: "other" })).toMatchInlineSnapshot(
      `"FOLDER was begun with other images or labels: put them back, choose another --exp-prefix, or begin anew with --resume fresh"`,
    );
  });

  it("is another architecture", async () => {
    expect(await messageOf({ ...IDENTITY, found: "other" })).toMatchInlineSnapshot(
      `"FOLDER was begun with another architecture: put what the search has found back, choose another --exp-prefix, or begin anew with --resume fresh"`,
    );
  });

  it("is another format, and what is damaged", async () => {
    const path = `${folder}/resume.json`;
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"format": 1', '"format": 7'));
    expect(await messageOf()).toMatchInlineSnapshot(
      `"FOLDER/resume.json has format 7, this version of supernet reads 1: go on with the version that wrote it, or begin anew with --resume fresh"`,
    );
    await writeFile(path, text.slice(0, -10));
    expect(await messageOf()).toMatchInlineSnapshot(
      `"FOLDER/resume.json is damaged: it is not JSON; put back a copy, or begin anew with --resume fresh"`,
    );
    await writeFile(path, text.replace('"common.seed": "2"', '"common.seed": "3"'));
    expect(await messageOf()).toMatchInlineSnapshot(
      `"FOLDER/resume.json is damaged: its content is not what was written; put back a copy, or begin anew with --resume fresh"`,
    );
    expect(await readUnfinished(files, folder)).toBeUndefined();
  });
});
