import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proxy } from "comlink";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBuild } from "../../scripts/build.mjs";
import { type EngineClient, startEngine } from "../../src/worker/client-node.ts";
import type { ImportRequest, RunEvent, RunRequest } from "../../src/worker/protocol.ts";

// Imported data sets through the thread that the command line uses, on the real adapter and the disk.

let folder: string;
let dataroot: string;
let client: EngineClient;
const before = process.env.default_dataroot;
beforeAll(async () => {
  await ensureBuild();
  folder = await mkdtemp(join(tmpdir(), "supernet-imports-"));
  dataroot = join(folder, "data");
  // The thread reads the environment of the process.
  process.env.default_dataroot = dataroot;
  client = startEngine({ logdir: join(folder, "runs") });
});
afterAll(async () => {
  await client.api.dispose();
  await client.end();
  if (before === undefined) delete process.env.default_dataroot;
  else process.env.default_dataroot = before;
  await rm(folder, { recursive: true, force: true });
});

/** CIFAR-10 records: labels 0, 1, …, 9, 0, …; each image of one brightness. */
function records(count: number, brightness: number): Blob {
  const bytes = new Uint8Array(count * 3073).fill(brightness);
  for (let i = 0; i < count; i++) bytes[i * 3073] = i % 10;
  return new Blob([bytes]);
}

const batches = (name: string, count: number, brightness = 100): ImportRequest => ({
  name,
  files: [
    { path: "cifar/data_batch_1.bin", blob: records(count, brightness) },
    { path: "cifar/test_batch.bin", blob: records(20, brightness) },
  ],
});

const ignore = () => proxy(() => {});

/** An epoch of two batches with 4 channels. */
const SEARCH: RunRequest = {
  algo: "darts",
  dataset: "pets",
  phases: ["search"],
  overrides: [
    ["nas.search.loader.train_batch", 8],
    ["nas.search.loader.dataset.max_batches", 4],
    ["nas.search.trainer.epochs", 1],
  ].flatMap(([key, value]) => [`--${key}`, String(value)]),
};

describe("an imported data set", () => {
  it("is kept, listed, resolved, forecast and searched; another import goes on beside the search", async () => {
    const progress: [number, number][] = [];
    const report = await client.api.importDataset(
      batches("pets", 40),
      proxy((...done: [number, number]) => void progress.push(done)),
    );
    expect(report).toMatchObject({ name: "pets", size: 32, train: Array(10).fill(4), test: Array(10).fill(2) });
    expect(await client.api.importedDatasets()).toEqual([report]);
    expect(await client.api.datasets()).toEqual(["cifar10", "shapes", "pets"]);
    expect(await readdir(dataroot)).toEqual(["pets.supernet"]);

    const { name, text } = await client.api.resolve(SEARCH);
    expect(name).toBe("darts_pets_toy");
    expect(text).toContain("init_node_ch: 4");
    const [forecast] = await client.api.forecast(SEARCH);

    const events: RunEvent[] = [];
    let beside: Promise<unknown> = Promise.resolve();
    const summary = await client.api.start(
      SEARCH,
      proxy((event: RunEvent) => {
        events.push(event);
        // Even of the very data set that is searched.
        if (event.kind === "phase") beside = client.api.importDataset(batches("pets", 60, 7), ignore());
      }),
    );
    expect(summary).toMatchObject({ dataset: "pets", search: { epochs: [{ train: { loss: expect.any(Number) } }] } });
    const passes = events.flatMap((event) => (event.kind === "progress" ? [event] : []));
    expect(passes.at(0)).toMatchObject({ title: "arch_train", gpuBytes: forecast!.bytes });
    expect(passes.find(({ batch, batches: all }) => batch === all)).toMatchObject({ batches: 2, samples: 16 });
    expect(await beside).toMatchObject({ train: Array(10).fill(6) });
    expect(await client.api.importedDatasets()).toMatchObject([{ name: "pets", train: Array(10).fill(6) }]);
  });

  it("stays as it was when one that shall replace it cannot be imported", async () => {
    const kept = await readFile(join(dataroot, "pets.supernet"));
    const cut = { path: "cifar/data_batch_1.bin", blob: new Blob([new Uint8Array(100)]) };
    await expect(client.api.importDataset({ name: "pets", files: [cut] }, ignore())).rejects.toMatchObject({
      name: "SupernetError",
      code: "data",
      message: expect.stringContaining("is 100 bytes long"),
    });
    expect(await readFile(join(dataroot, "pets.supernet"))).toEqual(kept);
    expect(await readdir(dataroot)).toEqual(["pets.supernet"]);
  });

  it("is not listed while it is damaged; who runs on it is told, and it can be replaced or removed", async () => {
    const path = join(dataroot, "broken.supernet");
    await writeFile(path, (await readFile(join(dataroot, "pets.supernet"))).subarray(0, 5000));
    expect((await client.api.importedDatasets()).map(({ name }) => name)).toEqual(["pets"]);
    await expect(client.api.resolve({ ...SEARCH, dataset: "broken" })).rejects.toMatchObject({
      code: "data",
      message: expect.stringMatching(/broken\.supernet is 5000 bytes long instead of \d+; import the images again$/),
    });
    await client.api.removeDataset("broken");
    expect(await readdir(dataroot)).toEqual(["pets.supernet"]);
  });

  it("is found where an override says that data sets lie", async () => {
    const elsewhere = join(folder, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "pets.supernet"), await readFile(join(dataroot, "pets.supernet")));
    await client.api.removeDataset("pets");
    await expect(client.api.resolve(SEARCH)).rejects.toMatchObject({
      code: "config",
      message: 'there is no data set "pets"; valid here: cifar10, shapes',
    });
    const overrides = [...SEARCH.overrides!, "--dataset.dataroot", elsewhere];
    const { text } = await client.api.resolve({ ...SEARCH, overrides });
    expect(text).toContain(elsewhere);
  });

  it("is gone once it is removed", async () => {
    expect(await client.api.importedDatasets()).toEqual([]);
    expect(await client.api.datasets()).toEqual(["cifar10", "shapes"]);
    await expect(client.api.removeDataset("pets")).rejects.toMatchObject({
      code: "data",
      message: 'there is no imported data set "pets"; importedDatasets() lists those that are kept',
    });
  });
});

it("of images is told where they can be imported", async () => {
  const gif = new Blob([new TextEncoder().encode("GIF89a\x08\0\x08\0")]);
  const files = ["cat", "dog"].flatMap((name) =>
    Array.from({ length: 20 }, (_, i) => ({ path: `pets/${name}/${i}.gif`, blob: gif })),
  );
  await expect(client.api.importDataset({ name: "pets", files }, ignore())).rejects.toMatchObject({
    code: "data",
    message:
      "images can be decoded in a browser only: import them on the page, or import CIFAR-10's binary files, which need no decoder",
  });
});
