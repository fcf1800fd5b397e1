import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GpuHandle } from "../../src/host/gpu.ts";
import { nodeHost } from "../../src/worker/node-host.ts";
import type { RunEvent, RunSummary, SupernetApi } from "../../src/worker/protocol.ts";
import { createSession } from "../../src/worker/session.ts";
import { overrideArgs } from "../toy-conf.ts";
import { FaultyDevice } from "./faulty-device.ts";

// Runs in this process, on a device that can be made to fail.

let logdir: string;
let session: SupernetApi;
let faulty: FaultyDevice;
let opened = 0;
beforeAll(async () => {
  logdir = await mkdtemp(join(tmpdir(), "supernet-memory-"));
  const host = nodeHost(logdir);
  const requestGpu = async (): Promise<GpuHandle> => {
    const gpu = await host.requestGpu();
    opened++;
    faulty = new FaultyDevice(gpu.device);
    return { ...gpu, device: faulty.device };
  };
  session = createSession({ ...host, requestGpu });
});
afterAll(async () => {
  await session.dispose();
  await rm(logdir, { recursive: true, force: true });
});

const TINY = {
  "dataset.train_size": 16,
  "dataset.test_size": 8,
  "nas.search.loader.train_batch": 8,
  "nas.search.trainer.epochs": 1,
  "nas.search.trainer.second_order": false,
  "nas.search.model_desc.n_cells": 1,
  "nas.search.model_desc.n_reductions": 0,
  "nas.search.model_desc.cell.n_nodes": 1,
  "nas.search.post_train.trainer.epochs": 0,
};

function request(prefix: string, more: object, phases: readonly ("search" | "eval")[] = ["search"]) {
  return { algo: "darts", dataset: "shapes", prefix, phases, overrides: overrideArgs({ ...TINY, ...more }) };
}

const text = (prefix: string, file: string) => readFile(join(logdir, `darts_shapes_${prefix}_search/${file}`), "utf8");

describe("a search on a device of little memory", () => {
  const little = { "common.gpu_memory": 4 };

  test("is refused with the number of chunks that would fit", async () => {
    const run = session.start(request("whole", little), () => {});
    await expect(run).rejects.toMatchObject({ name: "SupernetError", code: "device" });
    await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: at least 6.2 MiB are needed on the device, which has 4.0 MiB; set nas.search.trainer.batch_chunks to 2, or to auto]`,
    );
  });

  test("runs with that number, and in the same number where that is to be found: to the same bits", async () => {
    const cut = await session.start(request("cut", { ...little, "nas.search.trainer.batch_chunks": 2 }), () => {});
    const auto = await session.start(
      request("auto", { ...little, "nas.search.trainer.batch_chunks": "auto" }),
      () => {},
    );
    const withoutTimes = ({ search }: RunSummary) => search!.text.replace(/, [.\d]+ s$/, "");
    expect(withoutTimes(auto)).toBe(withoutTimes(cut));
    expect(await text("auto", "log.yaml")).toMatch(/batch_chunks: 2\n/);
  });

  test("is refused where not even one image fits", async () => {
    const least = { "common.gpu_memory": 1, "nas.search.trainer.batch_chunks": "auto" };
    const run = session.start(request("none", least), () => {});
    await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: at least 6.2 MiB are needed on the device, which has 1.0 MiB; not even one image at a time fits: close other programs that use the GPU, or use fewer cells or channels]`,
    );
  });
});

test("an evaluation that might not fit is refused before the search begins", async () => {
  const events: RunEvent[] = [];
  const more = {
    ...{ "common.gpu_memory": 10, "nas.eval.trainer.epochs": 1 },
    ...{ "nas.eval.model_desc.n_cells": 2, "nas.eval.model_desc.n_reductions": 0 },
  };
  const run = session.start(request("later", more, ["search", "eval"]), (event) => events.push(event));
  await expect(run).rejects.toThrowErrorMatchingInlineSnapshot(
    `[SupernetError: at least 16.1 MiB are needed on the device, which has 10.0 MiB; set nas.eval.trainer.batch_chunks to 4, or to auto]`,
  );
  expect(events).toEqual([]);
});

test("a run that finds no memory half-way ends with one error, and the next one runs on the same device", async () => {
  const before = opened;
  const run = session.start(request("refused", {}), (event) => {
    // From here on its buffers are created.
    if (event.kind === "preparing") faulty.arm("createBuffer", 30, faulty.outOfMemory);
  });
  await expect(run).rejects.toMatchObject({ name: "SupernetError", code: "device" });
  await expect(run).rejects.toThrow(
    /^.+ needs [.\d]+ KiB, which the device does not have beside the [.\d]+ KiB that are taken; not even one image at a time fits: close other programs that use the GPU, or use fewer cells or channels$/,
  );
  faulty.disarm("createBuffer");
  const summary = await session.start(request("again", {}), () => {});
  expect(summary.search!.epochs).toHaveLength(1);
  expect(opened).toBe(before);
});
