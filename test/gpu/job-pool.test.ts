import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proxy } from "comlink";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../scripts/build.mjs";
import { type EngineClient, startEngine } from "../../src/worker/client-node.ts";
import type { RunEvent, RunRequest } from "../../src/worker/protocol.ts";

/** Petridish from the bundle, its trainings in threads with devices of their own, files on disk. */
let client: EngineClient;
let logdir: string;
beforeAll(async () => {
  await ensureBuild();
  logdir = await mkdtemp(join(tmpdir(), "supernet-pool-"));
  client = startEngine({ logdir });
});
afterAll(async () => {
  await client.api.dispose();
  await client.end();
  await rm(logdir, { recursive: true, force: true });
});

const request = (prefix: string, workers: number, ...more: string[]): RunRequest => ({
  algo: "petridish",
  dataset: "shapes",
  prefix,
  workers,
  phases: ["search"],
  overrides: [
    ["dataset.train_size", 128],
    ["nas.search.seed_train.loader.dataset.max_batches", 4],
    ["nas.search.post_train.loader.dataset.max_batches", 4],
    ["nas.search.loader.dataset.max_batches", 4],
    ["nas.search.petridish.max_hull_points", 3],
  ]
    .flatMap(([key, value]) => [`--${key}`, String(value)])
    .concat(more),
});

async function run(what: RunRequest, during: (event: RunEvent) => void = () => {}): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  await client.api.start(
    what,
    proxy((event: RunEvent) => {
      events.push(event);
      during(event);
    }),
  );
  return events;
}

/** What was found and trained, by name of the file. */
async function found(prefix: string): Promise<Map<string, Buffer>> {
  const folder = join(logdir, `petridish_shapes_${prefix}_search`);
  const names = (await readdir(folder, { recursive: true })).filter((name) =>
    /\.(tsv|svg|safetensors|json)$|desc/.test(name),
  );
  const files = await Promise.all(
    names
      // What tells times, and what was asked for.
      .filter((name) => !["run.json", "resume.json"].includes(name) && /\.\w+$/.test(name))
      .sort()
      .map(async (name) => [name, await readFile(join(folder, name))] as const),
  );
  return new Map(files);
}

describe("with several workers", () => {
  it("finds to the byte what it finds with one, and tells of one training at a time", async () => {
    const alone = await run(request("one", 1));
    const together = await run(request("three", 3));
    expect([...(await found("three"))]).toEqual([...(await found("one"))]);
    const kinds = (events: readonly RunEvent[]) => new Set(events.map(({ kind }) => kind));
    expect(kinds(together)).toEqual(kinds(alone));
    expect(kinds(together)).toContain("alphas");
  });

  it("stops when it is told to, and goes on from what was finished", async () => {
    const resume = ["--nas.search.resume", "True"];
    const stopped = run(request("cut", 2, ...resume), (event) => {
      if (event.kind === "progress" && event.title === "arch_train") void client.api.stop();
    });
    await expect(stopped).rejects.toMatchObject({ code: "aborted" });
    const before = [...(await found("cut")).keys()].filter((name) => name.endsWith("_seed.json"));
    expect(before.length).toBeGreaterThanOrEqual(1);
    const events = await run(request("cut", 2, ...resume));
    const trained = events.flatMap((event) => (event.kind === "preparing" ? [event.title] : []));
    expect(trained).not.toContain("seed_train");
    expect([...(await found("cut"))]).toEqual([...(await found("one"))]);
  });
});
