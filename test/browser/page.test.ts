import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { choose, inspect, openBrowser, openSite, runButton, type Site, SMALL, untilStatus, visit } from "./support.ts";

let site: Site;
let browser: Browser | undefined;

beforeAll(async () => {
  site = await openSite();
});

afterEach(async () => {
  await browser?.close();
});

afterAll(async () => {
  await site?.close();
});

const open = async (options?: Parameters<typeof openBrowser>[0]): Promise<BrowserContext> => {
  browser = await openBrowser(options);
  return browser.newContext();
};

/**
 * TensorFlow.js writes into the console that there is no WebGL, besides throwing it. It asks for WebAssembly, which the policy
 * refuses, and does without.
 */
const isOurs = (fault: string) =>
  !/Initialization of backend webgl failed|WebGL is not supported|refused in a worker: script-src wasm-eval/.test(
    fault,
  );

describe("without WebGPU and WebGL", () => {
  it("says so, names browsers that have it, and still shows what is kept", { timeout: 120_000 }, async () => {
    const context = await open({ webgpu: false, webgl: false });
    const { page, faults } = await visit(context, site.url);
    await page.getByText("This browser offers no WebGPU here.").waitFor();
    await page.getByText(/Chrome, Edge and Opera 113/).waitFor();
    expect(await runButton(page).isDisabled()).toBe(true);
    await inspect(page, "no-webgpu");
    await page.getByRole("link", { name: "Runs" }).click();
    await page.getByText("No runs are kept yet").waitFor();
    expect(faults.filter(isOurs)).toEqual([]);

    const embed = await visit(context, `${site.url}embed.html`);
    await embed.page.locator("supernet-search").first().getByRole("button", { name: "Run" }).click();
    await embed.page.getByText("This browser offers no WebGPU here.").waitFor();
    await inspect(embed.page, "embed-no-webgpu");
    expect(embed.faults.filter(isOurs)).toEqual([]);
  });
});

describe("without WebGPU, on WebGL", () => {
  it("runs once its pace is agreed to, on the page and in the element", { timeout: 300_000 }, async () => {
    const context = await open({ webgpu: false });
    const { page, faults } = await visit(context, site.url);
    await page.getByText(/TensorFlow.js on WebGL, computes on the CPU/).waitFor();
    expect(await runButton(page).isDisabled()).toBe(true);
    await inspect(page, "webgl");
    await page.getByLabel("Compute on WebGL, slowly").check();
    await choose(page, SMALL);
    await runButton(page).click();
    await untilStatus(page, /^Search: epoch 1 of 2, training, batch/, 250_000);
    await page.getByRole("button", { name: "Stop" }).click();
    await untilStatus(page, /^Stopped/, 100_000);
    expect(faults.filter(isOurs)).toEqual([]);

    const embed = await visit(context, `${site.url}embed.html`);
    const element = embed.page.locator("supernet-search").first();
    await element.getByRole("button", { name: "Run" }).click();
    await element.getByLabel("Compute on WebGL, slowly").check();
    expect(await element.getAttribute("fallback")).toBe("");
    await element.getByRole("button", { name: "Run again" }).click();
    await element
      .getByText(/^Getting ready|^Search/)
      .first()
      .waitFor();
    expect(embed.faults.filter(isOurs)).toEqual([]);
  });
});

describe("the conf as text", () => {
  it("is checked and completed while it is written", { timeout: 120_000 }, async () => {
    const { page, faults } = await visit(await open(), site.url);
    await page.getByLabel("Seed", { exact: true }).fill("11");
    await page.getByLabel("Seed", { exact: true }).blur();
    await page.getByRole("button", { name: "Edit the conf" }).click();
    const editor = page.getByLabel("Conf in YAML");
    await editor.waitFor();
    expect(await editor.innerText()).toMatch(/seed: 11/);
    await editor.click();
    // Deleted by the editor: Chromium, left to replace a selection, styles the text by an attribute that the policy refuses.
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type("common:\nsede: 3");
    await page.locator(".cm-lintRange-error, .cm-lint-marker-error").first().waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Delete");
    await page.keyboard.type("common:\n  lo");
    await page.getByRole("option", { name: /^log_level/ }).waitFor();
    await inspect(page, "editing");
    expect(faults).toEqual([]);
  });
});

describe("a link that is none of ours", () => {
  it("is told, and starts nothing", { timeout: 60_000 }, async () => {
    const { page, faults } = await visit(await open(), `${site.url}#run=x`);
    await page.getByText("the link is damaged: copy it again, whole").waitFor();
    expect(await page.getByLabel("Algorithm").inputValue()).toBe("darts");
    expect(faults).toEqual([]);
  });
});
