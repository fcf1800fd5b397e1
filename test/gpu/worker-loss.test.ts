import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadShapes } from "../../src/data/shapes.ts";
import { modelDescToJson } from "../../src/desc/json.ts";
import { findAdapter, type GpuHandle, openDevice } from "../../src/host/gpu.ts";
import { type FixedJob, runJob } from "../../src/nas/job.ts";
import type { TuneSummary } from "../../src/runtime/webgpu/tuner.ts";
import type { Host } from "../../src/worker/host.ts";
import type { JobEvent } from "../../src/worker/job-protocol.ts";
import { createJobWorker } from "../../src/worker/job-worker.ts";
import { nodeHost } from "../../src/worker/node-host.ts";
import type { RunEvent, SupernetApi } from "../../src/worker/protocol.ts";
import { resolveRequest } from "../../src/worker/request.ts";
import { runFiles } from "../../src/worker/run-files.ts";
import { createSession } from "../../src/worker/session.ts";
import type { TuneParts } from "../../src/worker/tune.ts";
import { webgpuBackend } from "../../src/worker/webgpu-backend.ts";
import { smallFinal } from "./small.ts";

// The session in this process, where the test can take its device away.

let logdir: string;
let host: Host;
let session: SupernetApi;
const opened: GpuHandle[] = [];
beforeAll(async () => {
  logdir = await mkdtemp(join(tmpdir(), "supernet-loss-"));
  const node = nodeHost(logdir);
  const requestGpu = async () => {
    const gpu = await node.requestGpu();
    opened.push(gpu);
    return gpu;
  };
  host = { ...node, requestGpu };
  session = createSession(host);
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
  ["nas.search.model_desc.n_cells", 1],
  ["nas.search.model_desc.n_reductions", 0],
  ["nas.search.model_desc.cell.n_nodes", 1],
  ["nas.eval.loader.train_batch", 8],
  ["nas.eval.loader.dataset.max_batches", 3],
  ["nas.eval.model_desc.n_cells", 1],
  ["nas.eval.model_desc.n_reductions", 0],
  ["nas.eval.model_desc.model_stems.init_node_ch", 4],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

const search = (prefix: string, epochs: number, listener: (event: RunEvent) => void) => {
  const overrides = [...OVERRIDES, "--nas.search.trainer.epochs", String(epochs)];
  return session.start({ algo: "darts", dataset: "shapes", prefix, phases: ["search"], overrides }, listener);
};

/** A search and an evaluation. @returns what is left of it but for times, and what it has warned of */
async function run(prefix: string, during: (event: RunEvent) => void = () => {}) {
  const warnings: string[] = [];
  const request = { algo: "darts", dataset: "shapes", prefix, overrides: OVERRIDES };
  const { search, eval: evaluation } = await session.start(request, (event) => {
    if (event.kind === "warning") warnings.push(event.message);
    during(event);
  });
  const folder = join(logdir, `darts_shapes_${prefix}_eval`);
  const weights = await readFile(join(folder, "model.safetensors"));
  const { epochs, cells, weights: alphas } = search!;
  const { epochs: trained, confusion } = evaluation!;
  return { warnings, figures: { epochs, cells, alphas, trained, confusion, weights } };
}

const lose = () => opened.at(-1)!.device.destroy();

const scoresOf = (prefix: string) => {
  const image = { data: new Uint8ClampedArray(4 * 32 * 32).fill(77), width: 32, height: 32 };
  return session.classify(`darts_shapes_${prefix}`, image as ImageData);
};

describe("when its device is lost", () => {
  // A snapshot may have been taken, if the clock says so.
  const GONE = /the GPU device was lost: device was destroyed; going on with another device (from|after) .*$/;
  let calm: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    calm = await run("calm");
  });

  it("a run goes on with another one, and comes to the same", async () => {
    const told = new Set<string>();
    const { warnings, figures } = await run("lost", (event) => {
      if (event.kind !== "preparing" && event.kind !== "progress") return;
      const stage = `${event.phase} ${event.kind}`;
      if (!told.has(stage)) lose();
      told.add(stage);
    });
    expect([...told]).toEqual(["search preparing", "search progress", "eval preparing", "eval progress"]);
    expect(warnings).toEqual(Array(4).fill(expect.stringMatching(GONE)));
    expect(figures).toEqual(calm.figures);
    const log = await readFile(join(logdir, "darts_shapes_lost_search/log.log"), "utf8");
    expect(log.split("\n").filter((line) => / WARNING .*arch_train /.test(line) && GONE.test(line))).toHaveLength(2);
  });

  it("a network goes on to classify images, whether it was lost during a run, between two, or with an image", async () => {
    const scores = await scoresOf("calm");
    const before = opened.length;
    await search("again", 1, ({ kind }) => kind === "preparing" && opened.length === before && lose());
    expect(await scoresOf("calm"), "during a run").toEqual(scores);
    lose();
    await opened.at(-1)!.device.lost;
    expect(await scoresOf("calm"), "between").toEqual(scores);
    const during = scoresOf("calm");
    lose();
    expect(await during, "with an image").toEqual(scores);
  });

  it("the next run opens another one, once", async () => {
    lose();
    const before = opened.length;
    const summary = await search("again", 1, () => {});
    expect(summary.search!.epochs).toHaveLength(1);
    expect(opened).toHaveLength(before + 1);
  });

  it("a job of a thread goes on, too", async () => {
    const worker = createJobWorker(host);
    const job = await smallJob();
    const how = { epochs: false, memory: { bytes: 0, threads: 1 } };
    const calm = await worker.run(job, how, () => {});
    const events: JobEvent[] = [];
    const result = await worker.run(job, how, (event) => {
      if (event.kind === "progress" && events.every(({ kind }) => kind !== "progress")) lose();
      events.push(event);
    });
    await worker.dispose();
    expect(result.values).toEqual(calm.values);
    expect(result.run.confusion).toEqual(calm.run.confusion);
    expect(events).toContainEqual({ kind: "warning", message: expect.stringMatching(GONE) });
  });

  it("a run ends where the driver gives no other one, the cause of the loss first", async () => {
    const gpu = await host.requestGpu();
    const silent = { requestAdapter: () => new Promise<never>(() => {}) } as unknown as GPU;
    const backend = webgpuBackend(gpu, async () => openDevice((await findAdapter(silent, { timeoutMs: 50 }))!));
    const { trainers } = await backend.trainers(undefined);
    const tools = { trainers, files: runFiles(host.files), load: loadShapes, methodOf: () => expect.unreachable() };
    const job = runJob(await smallJob(), tools, { onProgress: () => gpu.device.destroy() });
    await expect(job).rejects.toThrowErrorMatchingInlineSnapshot(
      `[SupernetError: the GPU device was lost: device was destroyed; no other one can be opened: the graphics driver did not answer within 0.05 s: close other programs that use the GPU]`,
    );
    expect(backend.works()).toBe(false);
    await backend.dispose();
  });

  it("kernels that were chosen by timing stay what they were", async () => {
    const gpu = await host.requestGpu();
    const backend = webgpuBackend(gpu, host.requestGpu);
    const tuned: TuneSummary[] = [];
    // Nothing can be kept: what was measured is known to this run only.
    const store = { load: async () => new Map(), save: async () => {} };
    const onTuned = (summary: TuneSummary) => void tuned.push(summary);
    const parts: TuneParts = { mode: "full", store, version: host.version, tell: () => {}, onTuned };
    const { trainers } = await backend.trainers(parts);
    const tools = { trainers, files: runFiles(host.files), load: loadShapes, methodOf: () => expect.unreachable() };
    const records: (string | undefined)[] = [];
    await runJob(await smallJob(), tools, {
      onProgress() {
        records.push(trainers.tuning());
        if (records.length === 1) gpu.device.destroy();
      },
    });
    await backend.dispose();
    expect(tuned[0]).toMatchObject({ measured: expect.toSatisfy((count) => count > 0), left: 0 });
    expect(tuned).toHaveLength(1);
    expect(new Set(records).size).toBe(1);
  });
});

/** An evaluation of a network with few kernels. */
async function smallJob(): Promise<FixedJob> {
  const { conf } = await resolveRequest({ algo: "darts", dataset: "shapes", overrides: OVERRIDES }, host);
  const { trainer, loader } = conf.nas.eval;
  const desc = modelDescToJson(smallFinal(1, ["skip_connect", "max_pool_3x3"]));
  const images = { dataset: loader.dataset, loader, validateOn: "test" } as const;
  return { kind: "fixed", desc, ...images, trainer, seed: 3, confusion: true, path: "eval", section: "nas.eval" };
}

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

it("a session that is closed while it opens its device frees it, and opens no other", async () => {
  const closing = createSession(host);
  const before = opened.length;
  const adapter = closing.adapter();
  const closed = closing.dispose();
  await expect(closing.adapter()).rejects.toThrowErrorMatchingInlineSnapshot(`[SupernetError: the engine was closed]`);
  await closed;
  expect(await adapter).toHaveProperty("name");
  expect(opened).toHaveLength(before + 1);
  expect(await opened.at(-1)!.device.lost).toMatchObject({ reason: "destroyed" });
});
