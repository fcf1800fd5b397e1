import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import axe from "axe-core";
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type JSHandle,
  type Page,
} from "playwright-core";
import { createServer, type InlineConfig, type PreviewServer, preview } from "vite";
import { afterAll, beforeAll, expect } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SHOTS = join(ROOT, "test-artifacts");
/** The browser that `npm test` has found, or has named in SUPERNET_CHROMIUM; where vitest is started by itself, Debian's. */
const CHROMIUM = process.env.SUPERNET_CHROMIUM ?? "/usr/bin/chromium";

/**
 * A search and an evaluation of few steps, on networks as the toy conf has them: most of their half a minute on a software
 * adapter goes into compiling kernels.
 */
export const FEW_STEPS = [
  "--nas.search.trainer.second_order False",
  "--nas.search.loader.dataset.max_batches 4",
  "--nas.eval.model_desc.model_stems.init_node_ch 4",
  "--nas.eval.loader.dataset.max_batches 4",
  "--nas.eval.trainer.epochs 1",
  "--dataset.train_size 256",
  "--dataset.test_size 64",
].join(" ");

/** Likewise on networks of a single cell with a single node, which have few kernels. */
export const SMALL = [
  FEW_STEPS,
  "--nas.search.model_desc.n_cells 1",
  "--nas.search.model_desc.n_reductions 0",
  "--nas.search.model_desc.cell.n_nodes 1",
  "--nas.eval.model_desc.n_cells 1",
  "--nas.eval.model_desc.n_reductions 0",
].join(" ");

/** The built site on a port of its own, at the end of a path, as on a server that holds other things too. */
export interface Site {
  readonly url: string;
  close(): Promise<void>;
}

export async function openSite(): Promise<Site> {
  if (!existsSync(join(ROOT, "dist/web/index.html")))
    throw new Error('the site is not built: run "npm run build" first');
  const server: PreviewServer = await preview({
    configFile: join(ROOT, "vite.web.config.ts"),
    root: ROOT,
    base: "/some/folder/",
    logLevel: "error",
    preview: { port: 0, strictPort: false, host: "127.0.0.1", open: false },
  });
  const address = server.httpServer.address();
  if (typeof address !== "object" || !address) throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}/some/folder/`, close: () => server.close() };
}

/** The built site in a browser, for all tests of a file; its parts are there once tests run. */
export function useSite(options?: BrowserContextOptions) {
  const own = {} as { site: Site; browser: Browser; context: BrowserContext };
  beforeAll(async () => {
    own.site = await openSite();
    own.browser = await openBrowser();
    own.context = await own.browser.newContext(options);
  });
  afterAll(async () => {
    await own.browser?.close();
    await own.site?.close();
  });
  return own;
}

/** The sources, built as they are asked for, for pages in `fixtures`. @param name of the cache of what they depend on */
export async function openSources(name: string, config: InlineConfig): Promise<Site> {
  const server = await createServer({
    configFile: false,
    root: ROOT,
    cacheDir: join(ROOT, `node_modules/.vite-test-${name}`),
    logLevel: "error",
    server: { port: 0, host: "127.0.0.1", hmr: false },
    ...config,
  });
  await server.listen();
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() };
}

const SOFTWARE_WEBGL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];

/** Chromium with WebGPU on whatever adapter it finds; without `webgpu` as browsers that lack it, with or without WebGL. */
export function openBrowser({ webgpu = true, webgl = true } = {}): Promise<Browser> {
  const args = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  args.push(webgpu ? "--enable-unsafe-webgpu" : "--disable-features=WebGPU");
  if (!webgpu) args.push(...(webgl ? SOFTWARE_WEBGL : ["--disable-gpu", "--disable-software-rasterizer"]));
  // Vulkan drivers that tests of Node need are not the browser's: it brings its own.
  const { VK_DRIVER_FILES: _, VK_ICD_FILENAMES: __, ...env } = process.env;
  return chromium.launch({
    executablePath: CHROMIUM,
    args,
    env: env as never,
  });
}

/** A page, and what went wrong on it so far: errors thrown, errors and warnings in the console, and what the policy refused. */
export interface Visit {
  readonly page: Page;
  readonly faults: readonly string[];
}

export async function visit(context: BrowserContext, url: string): Promise<Visit> {
  const page = await context.newPage();
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`thrown: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) faults.push(`${message.type()}: ${message.text()}`);
  });
  // What the page itself is refused Chromium says in the console; workers keep it to themselves.
  page.on("worker", (worker) => void worker.evaluate(tellRefusals).catch(() => undefined));
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  return { page, faults };
}

function tellRefusals(): void {
  addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
    console.error(`refused in a worker: ${effectiveDirective} ${blockedURI}`);
  });
}

/** A page of `fixtures` that hands its functions to tests, loaded. What goes wrong on it is added to `faults`. */
export async function openFixture(browser: Browser, url: string, faults: string[]): Promise<Page> {
  const page = await browser.newPage();
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  await page.goto(url);
  await page.waitForFunction(() => "page" in globalThis);
  return page;
}

/** The functions of such a page. */
export function functionsOf<Functions>(page: Page): Promise<JSHandle<Functions>> {
  return page.evaluateHandle(() => (globalThis as unknown as { page: Functions }).page);
}

/** A file as it gets from a test to a page. */
export interface GivenFile {
  readonly path: string;
  readonly base64: string;
}

/** @param files contents by path */
export const given = (files: Record<string, Uint8Array>): GivenFile[] =>
  Object.entries(files).map(([path, bytes]) => ({ path, base64: Buffer.from(bytes).toString("base64") }));

export async function dark(page: Page, on = true): Promise<void> {
  await page.emulateMedia({ colorScheme: on ? "dark" : "light" });
}

/** Serious and critical faults by axe-core's rules, each with the elements that have it. */
async function accessibilityFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, {
      resultTypes: ["violations"],
    });
    return violations.map(({ id, impact, nodes }) => ({
      id,
      impact,
      targets: nodes.map(({ target }) => target.flat().join(" ")),
    }));
  });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, targets }) => `${id}: ${targets.join(", ")}`);
}

const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/**
 * Keeps pictures of a state, light and dark, wide and on a phone, and checks in each that axe finds nothing serious and
 * that nothing sticks out sideways.
 */
export async function inspect(page: Page, state: string): Promise<void> {
  mkdirSync(SHOTS, { recursive: true });
  for (const scheme of ["light", "dark"] as const) {
    await dark(page, scheme === "dark");
    for (const [size, viewport] of Object.entries({ wide: WIDE, phone: PHONE })) {
      await page.setViewportSize(viewport);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(SHOTS, `${state}-${size}-${scheme}.png`), fullPage: true });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(overflow, `${state} is wider than the ${size} screen`).toBeLessThanOrEqual(0);
    }
    expect(await accessibilityFaults(page), `${state}, ${scheme}`).toEqual([]);
  }
  await dark(page, false);
  await page.setViewportSize(WIDE);
}

/** Fills in the form of the page. */
export async function choose(page: Page, overrides: string, seed = ""): Promise<void> {
  await page.getByLabel("Overrides, as on a command line").fill(overrides);
  await page.getByLabel("Seed", { exact: true }).fill(seed);
  await page.getByLabel("Seed", { exact: true }).blur();
}

export const runButton = (page: Page) => page.getByRole("button", { name: /^Run/ });

/** The line that says where a run is. */
export const status = (page: Page) => page.locator("sn-progress [part=status]");

/** Waits for a line of status; an error of the run ends the wait with its message. */
export async function untilStatus(page: Page, expected: RegExp, timeout: number): Promise<void> {
  const failed = page.locator("sn-progress [role=alert]");
  const reached = status(page).filter({ hasText: expected });
  await reached.or(failed).first().waitFor({ timeout });
  if (await failed.count()) throw new Error(`the run has failed: ${await failed.first().innerText()}`);
}

interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Of the thread's processor time, in microseconds. */
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/**
 * How long the page's own thread was at most kept from drawing while `body` went on: the processor time of its longest task
 * in milliseconds, by Chromium's trace. Gaps between frames, and the duration of tasks by the clock, would count what other
 * threads do too: a software adapter takes every processor of a machine from everything else.
 */
export async function longestTask(browser: Browser, page: Page, body: () => Promise<void>): Promise<number> {
  const category = "disabled-by-default-devtools.timeline";
  await browser.startTracing(page, { categories: [category] });
  await body();
  const { traceEvents }: { traceEvents: TraceEvent[] } = JSON.parse((await browser.stopTracing()).toString());
  const threads = traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
  const tasks = traceEvents.filter(
    ({ name, pid, tid }) => name === "RunTask" && threads.some((thread) => thread.pid === pid && thread.tid === tid),
  );
  expect(tasks.filter(({ tdur }) => tdur !== undefined).length, "tasks that the trace has timed").toBeGreaterThan(50);
  return Math.max(...tasks.map(({ tdur = 0 }) => tdur)) / 1000;
}
