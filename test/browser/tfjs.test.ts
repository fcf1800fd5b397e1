import "@tensorflow/tfjs-backend-cpu";
import * as tf from "@tensorflow/tfjs-core";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { opCases } from "../properties.ts";
import type { TfjsPage } from "./fixtures/tfjs.ts";
import { searchLosses } from "./fixtures/tiny-search.ts";
import { functionsOf, openBrowser, openFixture, openSources, type Site } from "./support.ts";

// TensorFlow.js on a real WebGL, in Chromium without WebGPU; SwiftShader where there is no GPU.

let sources: Site;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  sources = await openSources("tfjs", {
    optimizeDeps: { include: ["fast-check", "@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgl"] },
  });
  browser = await openBrowser({ webgpu: false });
  page = await openFixture(browser, `${sources.url}test/browser/fixtures/tfjs.html`, faults);
});

afterAll(async () => {
  await browser?.close();
  await sources?.close();
});

const inPage = () => functionsOf<TfjsPage>(page);

test("WebGL opens and tells what it is", async () => {
  const adapter = await (await inPage()).evaluate((functions) => functions.open());
  expect(adapter).toMatchObject({ backend: "tfjs", webgpu: false, current: "webgl" });
  expect(adapter.name).not.toBe("");
  expect(adapter.limits.maxTextureSize).toBeGreaterThanOrEqual(2048);
  expect(adapter.limits.maxTextureImageUnits).toBeGreaterThanOrEqual(16);
});

test("it opens again after it was disposed, and in a worker", async () => {
  const functions = await inPage();
  const before = await functions.evaluate((own) => own.open());
  expect(await functions.evaluate((own) => own.open())).toEqual(before);
  expect(await functions.evaluate((own) => own.inWorker())).toEqual({ name: before.name, values: [11, 22], bytes: 24 });
});

test("a browser without WebGL is told so", async () => {
  const bare = await openBrowser({ webgpu: false, webgl: false });
  try {
    const functions = await functionsOf<TfjsPage>(await openFixture(bare, page.url(), []));
    const opened = functions.evaluate((own) => own.open());
    await expect(opened).rejects.toThrow(
      "the browser offers neither WebGPU nor WebGL: switch hardware acceleration on in its settings",
    );
  } finally {
    await bare.close();
  }
});

describe("every op and its gradient agree with the reference backend", () => {
  test.each(Object.keys(opCases))("%s", async (name) => {
    const result = await (await inPage()).evaluate((functions, op) => functions.check(op, 3), name);
    expect(result).toEqual({ wrong: "", left: 0 });
  });
});

test("a search step has the losses of a search step on the CPU, and leaves no tensors behind", async () => {
  await tf.setBackend("cpu");
  const want = await searchLosses();
  const got = await (await inPage()).evaluate((functions) => functions.searchLosses());
  expect(Math.abs(got.train - want.train)).toBeLessThan(1e-3);
  expect(Math.abs(got.val - want.val)).toBeLessThan(1e-3);
  expect(new Set(got.tensors).size).toBe(1);
  expect(new Set(want.tensors).size).toBe(1);
});

test("nothing went wrong in the page", () => {
  expect(faults).toEqual([]);
});
