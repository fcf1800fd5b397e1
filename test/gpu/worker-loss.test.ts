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
