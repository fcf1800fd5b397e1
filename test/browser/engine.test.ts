import { zipSync } from "fflate";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DatasetReport, RunEvent, RunRequest, RunSummary } from "../../src/worker/protocol.ts";
import type { EnginePage } from "./fixtures/engine.ts";
import { png } from "./images.ts";
import { functionsOf, given, openBrowser, openFixture, openSources, type Site } from "./support.ts";

// The engine in a page's worker: imported data sets searched on WebGPU, and everything on TensorFlow.js where there is none.

let sources: Site;
const faults: string[] = [];

beforeAll(async () => {
  sources = await openSources("engine", {
    // Found while a page runs, they would make it load again.
    optimizeDeps: {
      noDiscovery: true,
      include: ["comlink", "fflate", "wesl", "yaml", "zod", "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgl"],
    },
  });
});

afterAll(async () => {
  await sources?.close();
});

/** A browser with the page open. */
async function openPage(has: { webgpu: boolean }): Promise<{ browser: Browser; page: Page }> {
  const browser = await openBrowser(has);
  return { browser, page: await openFixture(browser, `${sources.url}test/browser/fixtures/engine.html`, faults) };
}

const SIZE = 8;

/** Drawn pictures: red crosses and blue stripes on white, a little different each. */
function pictures(count: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < count; i++) {
    const cross = (x: number, y: number) => (x === 4 + (i % 3) || y === 5 + (i % 2) ? [1, 0, 0, 1] : [1, 1, 1, 1]);
    const stripe = (_: number, y: number) => ((y + i) % 4 < 2 ? [0, 0, 1, 1] : [1, 1, 1, 1]);
    files[`drawn/cross/${i}.png`] = png(12, 12, 8, cross);
    files[`drawn/stripe/${i}.png`] = png(12 + i, 12, 8, stripe);
  }
  return files;
}

/** Two batches of four of a first-order search with 4 channels and a node a cell, and as many of an evaluation. */
const OVERRIDES = [
  ["nas.search.model_desc.cell.n_nodes", 1],
  ["nas.search.loader.train_batch", 4],
  ["nas.search.loader.dataset.max_batches", 4],
  ["nas.search.trainer.epochs", 1],
  ["nas.search.trainer.second_order", false],
  ["nas.eval.loader.train_batch", 4],
  ["nas.eval.loader.dataset.max_batches", 2],
  ["nas.eval.trainer.epochs", 1],
  ["nas.eval.model_desc.model_stems.init_node_ch", 4],
].flatMap(([key, value]) => [`--${key}`, String(value)]);

const request = (prefix: string, more: Partial<RunRequest> = {}): RunRequest => ({
  algo: "darts",
  dataset: "drawn",
  prefix,
  overrides: OVERRIDES,
  ...more,
});

const kindsOf = (events: readonly RunEvent[]) =>
  events.map(({ kind }) => kind).filter((kind, index, kinds) => kind !== kinds[index - 1]);

/** The mean colour of a sample. */
const meanOf = (pixels: ArrayLike<number>) =>
  [0, 1, 2].map((c) => {
    const values = Array.from(pixels).filter((_, i) => i % 4 === c);
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });

describe("with WebGPU", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    ({ browser, page } = await openPage({ webgpu: true }));
  });
  afterAll(async () => {
    await browser?.close();
  });

  test("a folder is decoded, kept over a reload, and shown with samples", async () => {
    // A picture whose end is missing is found out by the worker that decodes it, text by its first bytes.
    const [whole] = Object.values(pictures(1));
    const files = {
      ...pictures(12),
      "drawn/cross/cut.png": whole!.slice(0, whole!.length - 30),
      "drawn/cross/text.png": new TextEncoder().encode("not a picture"),
    };
    const { result, progress } = await (await functionsOf<EnginePage>(page)).evaluate(
      (functions, images) => functions.importDataset("drawn", 8, images),
      given(files),
    );
    expect(result).toMatchObject({ name: "drawn", classes: ["cross", "stripe"], size: SIZE, channels: 3 });
    const report = result as unknown as DatasetReport;
    expect(report.skipped).toEqual([
      { path: "drawn/cross/cut.png", reason: expect.stringContaining("decoded") },
      { path: "drawn/cross/text.png", reason: expect.stringContaining("is a text and no image") },
    ]);
    expect([report.train, report.test]).toEqual([
      [10, 10],
      [2, 2],
    ]);
    expect(report.samples.map(({ label }) => label)).toEqual([...Array(10).fill(0), ...Array(10).fill(1)]);
    const [red, , blue] = meanOf(report.samples[0]!.pixels);
    expect(red).toBeGreaterThan(blue! + 40);
    const [stripesRed, , stripesBlue] = meanOf(report.samples.at(-1)!.pixels);
    expect(stripesBlue).toBeGreaterThan(stripesRed! + 40);
    expect(progress[0]).toEqual([0, 26]);
    expect(progress.at(-1)).toEqual([26, 26]);

    await page.reload();
    await page.waitForFunction(() => "page" in globalThis);
    const functions = await functionsOf<EnginePage>(page);
    const kept = await functions.evaluate((own) => own.importedDatasets());
    expect(kept).toMatchObject([{ name: "drawn", train: [10, 10], skipped: report.skipped }]);
  });

  test("a zip gives the same data set under another name, and can be removed", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const zip = given({ "drawn.zip": zipSync(pictures(12)) });
    const { result } = await functions.evaluate((own, files) => own.importDataset("zipped", 8, files), zip);
    const [folder] = await functions.evaluate((own) => own.importedDatasets());
    expect(result).toMatchObject({ name: "zipped", classes: folder!.classes, train: folder!.train, skipped: [] });
    expect(await functions.evaluate((own) => own.datasets())).toEqual(["cifar10", "shapes", "drawn", "zipped"]);
    await functions.evaluate((own) => own.removeDataset("zipped"));
    expect(await functions.evaluate((own) => own.datasets())).toEqual(["cifar10", "shapes", "drawn"]);
  });

  test("what makes no data set is told, and changes nothing", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const text = given({ "drawn/cross/a.png": new TextEncoder().encode("no picture") });
    const { result } = await functions.evaluate((own, files) => own.importDataset("drawn", 8, files), text);
    expect(result).toMatchObject({ code: "data" });
    expect(await functions.evaluate((own) => own.importedDatasets())).toMatchObject([{ train: [10, 10] }]);
  });

  test("CIFAR-10 that is not there is to be dropped on the page", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const { result, events } = await functions.evaluate((own) => own.start({ algo: "darts", dataset: "cifar10" }));
    expect(events).toEqual([]);
    expect(result).toEqual({
      code: "data",
      message:
        "datasets: neither cifar-10-batches-bin/ nor cifar-10-binary.tar.gz is there. Get cifar-10-binary.tar.gz from " +
        "https://www.cs.toronto.edu/~kriz/cifar.html and drop it on the page, or use the embedded data set, shapes",
    });
  });

  test("the imported data set is searched, as forecast", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const what = request("search", { phases: ["search"] });
    const forecast = await functions.evaluate((own, run) => own.forecast(run), what);
    const { result, events } = await functions.evaluate((own, run) => own.start(run), what);
    expect(result).toMatchObject({ name: "darts_drawn_search", dataset: "drawn", search: { epochs: [{}] } });
    expect(kindsOf(events)).toEqual(["started", "phase", "preparing", "progress", "alphas", "found"]);
    const progress = events.flatMap((event) => (event.kind === "progress" ? [event] : []));
    expect(forecast).toMatchObject([{ phase: "search", bytes: progress[0]!.gpuBytes, batch: 4 }]);
  });
});

describe("without WebGPU", () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    ({ browser, page } = await openPage({ webgpu: false }));
    const images = given(pictures(12));
    await (await functionsOf<EnginePage>(page)).evaluate((own, files) => own.importDataset("drawn", 8, files), images);
  });
  afterAll(async () => {
    await browser?.close();
  });

  test("the adapter is TensorFlow.js's, and nothing is forecast", async () => {
    const functions = await functionsOf<EnginePage>(page);
    expect(await functions.evaluate((own) => own.adapter())).toMatchObject({
      backend: "tfjs",
      name: expect.any(String),
    });
    expect(await functions.evaluate((own, run) => own.forecast(run), request("none"))).toEqual([]);
  });

  test("a run that does not ask for the fallback is refused, naming browsers and the fallback", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const { result, events } = await functions.evaluate((own, run) => own.start(run), request("refused"));
    expect(events).toEqual([]);
    expect(result).toEqual({
      code: "device",
      message: expect.stringMatching(
        /use a current Chrome, Edge, Firefox or Safari, or choose the fallback, TensorFlow\.js on WebGL, which is much slower$/,
      ),
    });
  });

  test("a run that does is searched, evaluated, paused, kept, and classifies", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const { result, events } = await functions.evaluate(
      (own, run) => own.pausedRun(run, 500),
      request("slow", { fallback: true }),
    );
    expect(kindsOf(events)).toEqual([
      "started",
      "phase",
      "preparing",
      "progress",
      "paused",
      "resumed",
      "progress",
      "alphas",
      "found",
      "phase",
      "preparing",
      "progress",
    ]);
    const progress = events.flatMap((event) => (event.kind === "progress" ? [event] : []));
    const ends = progress.filter(({ batch, batches }) => batch === batches);
    expect(ends.map(({ title, pass }) => `${title} ${pass}`)).toEqual([
      "arch_train train",
      "arch_train validate",
      "eval_train train",
      "eval_train validate",
    ]);
    expect(ends.every(({ loss, gpuBytes }) => loss > 0 && gpuBytes > 1000)).toBe(true);

    const { eval: evaluation, search, adapter } = result as RunSummary;
    expect(adapter).toMatch(/. \(TensorFlow\.js\)$/);
    expect(search!.weights.map(({ cellType }) => cellType)).toEqual(["normal", "reduction"]);
    const { confusion, classes, image } = evaluation!;
    expect([classes, image]).toEqual([["cross", "stripe"], { height: SIZE, width: SIZE, channels: 3 }]);
    expect(confusion.map((row) => row.reduce((sum, count) => sum + count, 0))).toEqual([2, 2]);
    const hits = confusion.reduce((sum, row, label) => sum + row[label]!, 0);
    expect(hits / 4).toBeCloseTo(evaluation!.epochs.at(-1)!.val!.top1, 6);

    const [kept] = await functions.evaluate((own) => own.runs());
    expect(kept!.files.map(({ path }) => path).filter((path) => path.includes("_eval/"))).toEqual(
      [
        "config_used.yaml",
        "eval_train_metrics.yaml",
        "final_model_desc.yaml",
        "full_model_desc.yaml",
        "log.log",
        "log.yaml",
        "model.safetensors",
        "resume.json",
        "run.json",
      ].map((name) => `darts_drawn_slow_eval/${name}`),
    );
    const [sample] = (await functions.evaluate((own) => own.importedDatasets())) as unknown as DatasetReport[];
    expect(sample!.name).toBe("drawn");
    const scores = await functions.evaluate((own) =>
      own.classify("darts_drawn_slow", Array<number>(20 * 10 * 4).fill(255), 20, 10),
    );
    expect(scores).toHaveLength(2);
    const probabilities = (scores as readonly { probability: number }[]).map(({ probability }) => probability);
    expect(probabilities[0]! + probabilities[1]!).toBeCloseTo(1, 5);
  });

  test("a run ends when it is stopped", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const what = request("stopped", { fallback: true, phases: ["search"] });
    const { result, events } = await functions.evaluate((own, run) => own.stoppedRun(run), what);
    expect(result).toEqual({ code: "aborted", message: "the run was interrupted" });
    expect(kindsOf(events).at(-1)).toBe("progress");
  });

  test("a run whose WebGL is taken away ends, and WebGL is opened again", async () => {
    const functions = await functionsOf<EnginePage>(page);
    const what = request("lost", { fallback: true, phases: ["search"] });
    const { first, again } = await functions.evaluate((own, run) => own.lostRun(run), what);
    expect(first.result).toEqual({
      code: "device",
      message: "the browser has taken WebGL away: run again; if it happens again, use a smaller batch",
    });
    expect(again).toMatchObject({ backend: "tfjs" });
  });
});

test("nothing went wrong in the pages", () => {
  expect(faults).toEqual([]);
});
