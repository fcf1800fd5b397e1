import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { GpuHandle } from "../../src/host/gpu.ts";
import { nodeHost } from "../../src/worker/node-host.ts";
import type { RunEvent, SupernetApi } from "../../src/worker/protocol.ts";
import { createSession } from "../../src/worker/session.ts";

// The session in this process, where the test can take its device away.

let logdir: string;
let session: SupernetApi;
const opened: GpuHandle[] = [];
beforeAll(async () => {
  logdir = await mkdtemp(join(tmpdir(), "supernet-loss-"));
  const host = nodeHost(logdir);
  const requestGpu = async () => {
    const gpu = await host.requestGpu();
    opened.push(gpu);
    return gpu;
  };
  session = createSession({ ...host, requestGpu });
});
afterAll(async () => {
  await session.dispose();
  await rm(logdir, { recursive: true, force: true });
});

const OVERRIDES = [
  ["dataset.train_size", 64],
  ["dataset.test_size", 24],
  ["nas.search.loader.train_batch", 8],
  ["nas.search.loader.dataset.max_batches", 4],
  ["nas.search.trainer.second_order", false],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

const search = (prefix: string, epochs: number, listener: (event: RunEvent) => void) => {
  const overrides = [...OVERRIDES, "--nas.search.trainer.epochs", String(epochs)];
  return session.start({ algo: "darts", dataset: "shapes", prefix, phases: ["search"], overrides }, listener);
};

it.each(["preparing", "progress"] as const)("a run ends when its device is lost at its first %s", async (kind) => {
  const run = search(kind, 1000, (event) => event.kind === kind && opened.at(-1)!.device.destroy());
  await expect(run).rejects.toMatchObject({
    name: "SupernetError",
    code: "device",
    message: expect.stringMatching(
      /^adapter ".+" was lost \(.+\): run again; if it happens again, use a smaller batch$/,
    ),
  });
  const log = await readFile(join(logdir, `darts_shapes_${kind}_search/log.log`), "utf8");
  expect(log).toMatch(/ ERROR .*was lost .*: run again; if it happens again, use a smaller batch\n$/);
});

it("the next run opens the device again", async () => {
  const before = opened.length;
  const summary = await search("again", 1, () => {});
  expect(summary.search!.epochs).toHaveLength(1);
  expect(opened).toHaveLength(before + 1);
});

it("what a search has found stays when only the evaluation is run again, and is stopped", async () => {
  const root = async () => (await session.runs()).find(({ name }) => name === "darts_shapes_again")!.summary;
  const before = (await root())!.search;
  expect(before!.cells.length).toBeGreaterThan(0);
  const overrides = [...OVERRIDES, "--nas.eval.trainer.epochs", "1000"];
  const request = { algo: "darts", dataset: "shapes", prefix: "again", phases: ["eval"] as const, overrides };
  const run = session.start(request, (event) => {
    if (event.kind === "progress") void session.stop();
  });
  await expect(run).rejects.toMatchObject({ code: "aborted" });
  const after = await root();
  expect(after!.search).toEqual(before);
  expect(after!.eval).toBeUndefined();
});

it("a run writes into its own folders only, whatever its conf says, and says so before anything is trained", async () => {
  const again = await readFile(join(logdir, "darts_shapes_again_search/config_used.yaml"), "utf8");
  const told: string[] = [];
  const write = (key: string, path: string) => {
    const overrides = [...OVERRIDES, `--${key}`, path];
    return session.start({ algo: "darts", dataset: "shapes", prefix: "link", overrides }, ({ kind }) =>
      told.push(kind),
    );
  };
  const elsewhere = join(logdir, "darts_shapes_again_search/config_used.yaml");
  for (const path of [elsewhere, "$expdir/../darts_shapes_again_search/config_used.yaml"]) {
    await expect(write("nas.search.full_desc_filename", path)).rejects.toMatchObject({
      code: "config",
      message: expect.stringMatching(
        /^nas\.search\.full_desc_filename writes to ".*config_used\.yaml", which is not the run's own: begin the name with \$expdir\/$/,
      ),
    });
  }
  await expect(write("nas.eval.model_filename", join(logdir, "model.pt"))).rejects.toMatchObject({ code: "config" });
  expect(told).toEqual([]);
  expect(await readFile(elsewhere, "utf8")).toBe(again);
});
