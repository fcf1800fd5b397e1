import { mkdtemp, rm, utimes } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { unzipSync } from "fflate";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/host/node/files.ts";
import { readRunFile, removeRun, storedRuns, zipRun } from "../../../src/worker/runs.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "supernet-runs-"));
});
afterEach(() => rm(root, { recursive: true }));

/** Writes files, each a minute after the one before. */
async function write(...files: [path: string, text: string][]): Promise<void> {
  for (const [minute, [path, text]] of files.entries()) {
    await nodeFiles.writeFile(`${root}/${path}`, text);
    await utimes(join(root, path), minute * 60, minute * 60);
  }
}

describe("kept runs", () => {
  it("are the folders of phases, newest first, with a summary where they have ended", async () => {
    await write(
      ["darts_shapes_a_search/log.log", "searched\n"],
      ["darts_shapes_a_eval/run.json", '{ "name": "darts_shapes_a" }'],
      ["darts_shapes_b_search/run.json", "damaged"],
      ["notes.txt", "no run"],
      ["other/log.log", "no run"],
    );
    expect(await storedRuns(nodeFiles, root)).toEqual([
      { name: "darts_shapes_b", files: [{ path: "darts_shapes_b_search/run.json", bytes: 7 }] },
      {
        name: "darts_shapes_a",
        summary: { name: "darts_shapes_a" },
        files: [
          { path: "darts_shapes_a_eval/run.json", bytes: 28 },
          { path: "darts_shapes_a_search/log.log", bytes: 9 },
        ],
      },
    ]);
  });

  it("are none where nothing has run", async () => {
    expect(await storedRuns(nodeFiles, `${root}/none`)).toEqual([]);
  });

  it("are zipped and removed whole, and nothing else with them", async () => {
    await write(["x_search/log.log", "one"], ["x_eval/a/b.txt", "two"], ["x_y_eval/log.log", "other"]);
    const files = unzipSync(await zipRun(nodeFiles, root, "x"));
    const texts = Object.entries(files).map(([path, data]) => [path, new TextDecoder().decode(data)]);
    expect(texts).toEqual([
      ["x_eval/a/b.txt", "two"],
      ["x_search/log.log", "one"],
    ]);
    await removeRun(nodeFiles, root, "x");
    expect((await nodeFiles.list(root)).map(({ path }) => path)).toEqual(["x_y_eval/log.log"]);
    const message = "there is no run x; runs() lists those that are kept";
    await expect(zipRun(nodeFiles, root, "x")).rejects.toMatchObject({ code: "io", message });
    await expect(removeRun(nodeFiles, root, "x")).rejects.toMatchObject({ code: "io", message });
  });

  it("let nobody read what lies outside of them", () => {
    expect(() => readRunFile(nodeFiles, root, "x_search/../../secret")).toThrow("it is no file of a run");
  });
});
