import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { proxy } from "comlink";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { ensureBuild } from "../../scripts/build.mjs";
import { loadShapes } from "../../src/data/shapes.ts";
import { parseModelDesc } from "../../src/desc/yaml.ts";
import { type EngineClient, startEngine } from "../../src/worker/client-node.ts";
import type { RunEvent, RunRequest, RunSummary } from "../../src/worker/protocol.ts";

/** The engine in a thread, as the command line uses it: bundled, the real adapter, files on disk. */
let client: EngineClient;
let logdir: string;
beforeAll(async () => {
  await ensureBuild();
  logdir = await mkdtemp(join(tmpdir(), "supernet-worker-"));
  client = startEngine({ logdir });
});
afterAll(async () => {
  await client.api.dispose();
  await client.end();
  await rm(logdir, { recursive: true, force: true });
});

const TEST_SIZE = 24;

const SMALL = [
  ["dataset.train_size", 64],
  ["dataset.test_size", TEST_SIZE],
  ["nas.search.loader.train_batch", 8],
  ["nas.search.loader.dataset.max_batches", 4],
  ["nas.search.trainer.epochs", 2],
  ["nas.eval.loader.train_batch", 8],
  ["nas.eval.loader.dataset.max_batches", 3],
  ["nas.eval.trainer.epochs", 2],
  ["nas.eval.model_desc.model_stems.init_node_ch", 4],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

const request = (prefix: string, ...more: string[]): RunRequest => ({
  algo: "darts",
  dataset: "shapes",
  prefix,
  overrides: [...SMALL, ...more],
});

type Of<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;

const kindsOf = (events: readonly RunEvent[]) => events.map(({ kind }) => kind);

const only = <K extends RunEvent["kind"]>(events: readonly RunEvent[], kind: K) =>
  events.filter((event): event is Of<K> => event.kind === kind);

/** A run to its end. @param during told each event as it arrives */
async function run(what: RunRequest, during: (event: RunEvent) => void = () => {}) {
  const events: RunEvent[] = [];
  const listener = proxy((event: RunEvent) => {
    events.push(event);
    during(event);
  });
  const ended = await client.api.start(what, listener).then(
    (summary) => ({ summary }),
    (error: unknown) => ({ error }),
  );
  return { events, ...ended } as {
    events: RunEvent[];
    summary?: RunSummary;
    error?: { code: string; message: string };
  };
}

const bytes = async (name: string, path: string) => new Uint8Array(await readFile(join(logdir, `${name}_${path}`)));

/** The run that others are compared with. */
let first: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  first = await run(request("first"));
});

describe("a run", () => {
  it("tells what happens, in order", () => {
    const { events, error } = first;
    expect(error).toBeUndefined();
    const told = kindsOf(events).filter((kind, index, kinds) => kind !== kinds[index - 1]);
    expect(told).toEqual([
      "started",
      "phase",
      "preparing",
      "progress",
      "alphas",
      "progress",
      "alphas",
      "found",
      "phase",
      "preparing",
      "progress",
    ]);
    const times = events.map(({ time }) => time);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(only(events, "phase").map(({ phase, folder }) => [phase, folder])).toEqual([
      ["search", join(logdir, "darts_shapes_first_search")],
      ["eval", join(logdir, "darts_shapes_first_eval")],
    ]);
  });

  it("tells the end of every pass with its averages, its learning rate and the memory it takes", () => {
    const { events, summary } = first;
    const ends = only(events, "progress").filter(({ batch, batches }) => batch === batches);
    const passes = ends.map(({ title, pass, epoch }) => `${title} ${epoch} ${pass}`);
    expect([...new Set(passes)]).toEqual(
      ["arch_train", "eval_train"].flatMap((title) =>
        [0, 1].flatMap((epoch) => [`${title} ${epoch} train`, `${title} ${epoch} validate`]),
      ),
    );
    const last = ends.findLast(({ title, pass }) => title === "eval_train" && pass === "validate")!;
    const { loss, top1, top5 } = summary!.eval!.epochs[1]!.val!;
    expect(last).toMatchObject({ phase: "eval", loss, top1, top5, samples: TEST_SIZE, epochs: 2 });
    const rates = ends.filter(({ title, pass }) => title === "arch_train" && pass === "train").map(({ lr }) => lr);
    expect(rates).toEqual([expect.closeTo(0.025), expect.closeTo(0.013)]);
    expect(ends.every(({ gpuBytes }) => gpuBytes > 1e6)).toBe(true);
    expect(ends.at(-1)!.imagesPerSecond).toBeGreaterThan(0);
  });

  it("tells the mixtures after every epoch, and the cells that they stand for", () => {
    const [one, two] = only(first.events, "alphas");
    expect([one!.epoch, two!.epoch]).toEqual([0, 1]);
    expect(one!.cells.map(({ cellType, edges }) => [cellType, edges.length])).toEqual([
      ["normal", 5],
      ["reduction", 5],
    ]);
    for (const { weights } of one!.cells.flatMap(({ edges }) => edges)) {
      expect(weights).toHaveLength(8);
      expect(weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 6);
    }
    expect(two!.cells).not.toEqual(one!.cells);
    const [found] = only(first.events, "found");
    expect(two!.best).toEqual(found!.cells);
    const chosen = found!.cells.flatMap(({ edges }) => edges);
    expect(chosen).toHaveLength(8);
    expect(two!.skipShare).toBe(chosen.filter(({ op }) => op === "skip_connect").length / 8);
    expect(found!.text).toBe(first.summary!.search!.text);
  });

  it("is kept, with every file readable and in a zip", async () => {
    const kept = (await client.api.runs()).find(({ name }) => name === "darts_shapes_first")!;
    expect(kept.summary).toMatchObject(first.summary!);
    expect(kept.files.map(({ path }) => path)).toContain("darts_shapes_first_eval/model.safetensors");
    const files = unzipSync(await client.api.zip("darts_shapes_first"));
    expect(Object.keys(files).sort()).toEqual(kept.files.map(({ path }) => path));
    for (const { path, bytes: size } of kept.files) expect(files[path]).toHaveLength(size);
    const path = "darts_shapes_first_search/final_model_desc.yaml";
    expect(await client.api.readFile(path)).toEqual(files[path]);
    expect(parseModelDesc(new TextDecoder().decode(files[path]), path).cellDescs).toHaveLength(3);
  });

  it("repeats to the bit with the same seed", async () => {
    const again = await run(request("again"));
    for (const path of ["search/final_model_desc.yaml", "eval/full_model_desc.yaml", "eval/model.safetensors"]) {
      expect(await bytes("darts_shapes_again", path), path).toEqual(await bytes("darts_shapes_first", path));
    }
    expect(again.summary!.search).toMatchObject({ weights: first.summary!.search!.weights });
  });
});

describe("the trained network", () => {
  it("classifies the test images as the confusion matrix counts them, with probabilities that sum to 1", async () => {
    const { confusion, classes, epochs } = first.summary!.eval!;
    const { test } = await loadShapes({ name: "shapes", train_size: 64, test_size: TEST_SIZE });
    const counts = classes.map(() => classes.map(() => 0));
    for (const [index, label] of test.labels.entries()) {
      const data = new Uint8ClampedArray(32 * 32 * 4).fill(255);
      const image = test.images.subarray(index * 32 * 32 * 3, (index + 1) * 32 * 32 * 3);
      image.forEach((value, i) => {
        data[4 * Math.floor(i / 3) + (i % 3)] = value;
      });
      // Node has no ImageData; the thread sees the same either way.
      const scores = await client.api.classify("darts_shapes_first", { data, width: 32, height: 32 } as ImageData);
      expect(scores.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
      counts[label]![classes.indexOf(scores[0]!.label)]! += 1;
    }
    expect(counts).toEqual(confusion);
    const hits = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
    expect(hits / TEST_SIZE).toBeCloseTo(epochs.at(-1)!.val!.top1, 6);
  });

  it("is asked for where there is none", async () => {
    await expect(client.api.classify("darts_shapes_none", {} as ImageData)).rejects.toMatchObject({
      name: "SupernetError",
      code: "io",
      message: "the run darts_shapes_none has no trained network: let its evaluation run to the end",
    });
  });
});

describe("a run under way", () => {
  it("ends at once while it is prepared, before its first step", async () => {
    let asked = 0;
    const { events, error } = await run(request("prepared"), ({ kind }) => {
      if (kind !== "preparing") return;
      setTimeout(() => {
        asked = performance.now();
        void client.api.stop();
      }, 300);
    });
    // Drivers compile for longer; building the graphs in one go takes most of this.
    expect(performance.now() - asked).toBeLessThan(10_000);
    expect(error).toMatchObject({ code: "aborted" });
    expect(kindsOf(events)).toEqual(["started", "phase", "preparing"]);
    const log = new TextDecoder().decode(await bytes("darts_shapes_prepared", "search/log.log"));
    expect(log).toMatch(/ ERROR .*the run was interrupted\n$/);
  });

  it("stands still between pause and resume, and refuses another one", async () => {
    let refused: Promise<unknown> | undefined;
    const { events, error } = await run({ ...request("paused"), phases: ["search"] }, ({ kind }) => {
      if (kind === "alphas") void client.api.pause();
      if (kind !== "paused") return;
      refused = client.api
        .start(
          request("second"),
          proxy(() => {}),
        )
        .catch((reason: unknown) => reason);
      setTimeout(() => void client.api.resume(), 1000);
    });
    expect(error).toBeUndefined();
    const [paused, resumed] = [kindsOf(events).indexOf("paused"), kindsOf(events).indexOf("resumed")];
    expect(paused).toBeGreaterThan(kindsOf(events).indexOf("alphas"));
    expect(resumed).toBe(paused + 1);
    expect(events[resumed]!.time - events[paused]!.time).toBeGreaterThan(900);
    expect(kindsOf(events).slice(resumed)).toContain("progress");
    expect(await refused).toMatchObject({
      code: "config",
      message: "darts on shapes is running: stop it, or wait until it has ended",
    });
    const search = await bytes("darts_shapes_paused", "search/final_model_desc.yaml");
    expect(search).toEqual(await bytes("darts_shapes_first", "search/final_model_desc.yaml"));
  });

  it.each(["running", "paused"])("ends when it is stopped while %s, with its log closed", async (state) => {
    const name = `darts_shapes_${state}-stop`;
    let stopped: Promise<void> | undefined;
    let removal: Promise<unknown> | undefined;
    const what = request(`${state}-stop`, "--nas.search.trainer.epochs", "1000");
    const { events, error } = await run(what, ({ kind }) => {
      if (kind === "alphas" && state === "paused") void client.api.pause();
      if (kind === (state === "paused" ? "paused" : "alphas")) {
        removal ??= client.api.remove(name).catch((reason: unknown) => reason);
        stopped ??= client.api.stop();
      }
    });
    await stopped;
    expect(await removal).toMatchObject({
      code: "config",
      message: "removing a run has to wait: darts on shapes is running",
    });
    expect(error).toMatchObject({ name: "SupernetError", code: "aborted", message: "the run was interrupted" });
    expect(kindsOf(events)).not.toContain("found");
    const [log, tree] = await Promise.all(
      ["log.log", "log.yaml"].map(async (file) => new TextDecoder().decode(await bytes(name, `search/${file}`))),
    );
    expect(log).toMatch(/ ERROR arch_search\/arch_train the run was interrupted\n$/);
    expect(parse(tree!).arch_search.arch_train.epochs).toHaveProperty("0");
    const kept = (await client.api.runs()).find((stored) => stored.name === name);
    expect(kept).not.toHaveProperty("summary");
    await client.api.remove(name);
    expect((await client.api.runs()).map((stored) => stored.name)).not.toContain(name);
  });
});

describe("confs", () => {
  it("are resolved, and run the same when their text is given back", async () => {
    const { name, text } = await client.api.resolve(request("first"));
    expect(name).toBe("darts_shapes_first");
    expect(await client.api.check(text)).toEqual([]);
    const again = await client.api.resolve({ algo: "darts", dataset: "shapes", confText: text, prefix: "text" });
    expect(again).toEqual({ name: "darts_shapes_text", text });
  });

  it("that are wrong are errors with their code", async () => {
    const resolving = client.api.resolve({ algo: "drats", dataset: "shapes" });
    await expect(resolving).rejects.toMatchObject({
      name: "SupernetError",
      code: "config",
      message: 'there is no algorithm "drats"; did you mean "darts"?',
    });
  });

  it("are forecast as what they then take", async () => {
    const [search, evaluation] = await client.api.forecast(request("first"));
    const taken = only(first.events, "progress").find(({ title }) => title === "arch_train")!.gpuBytes;
    expect(search).toMatchObject({ phase: "search", bytes: taken, batch: 8, chunks: 1 });
    const eventually = only(first.events, "progress").find(({ title }) => title === "eval_train")!.gpuBytes;
    expect(evaluation!.bytes).toBeGreaterThanOrEqual(eventually);
  });
});
