import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sha256OfJson } from "../../../src/nas/sha256.ts";
import { damage } from "../../reliability/damage.ts";
import { keptFiles, pathsOf, timeless } from "../kept-files.ts";
import { choose, inspect, openProfile, openSite, runButton, type Site, SMALL, untilStatus, visit } from "../support.ts";

// Runs on the page whose tab, or whose browser, ends before they do.

/** By default a checkpoint is written every ten epochs, or each minute: time enough to do damage afterwards. */
const SETTINGS = `${SMALL} --nas.search.trainer.epochs 20 --nas.eval.trainer.epochs 24`;
const PATIENCE = 400_000;

let site: Site;
let profile: string;
let context: BrowserContext | undefined;

beforeAll(async () => {
  site = await openSite();
  profile = await mkdtemp(join(tmpdir(), "supernet-profile-"));
});

afterAll(async () => {
  await context?.close();
  await site?.close();
  await rm(profile, { recursive: true, force: true, maxRetries: 3 });
});

async function openTab(): Promise<Page> {
  context ??= await openProfile(profile);
  return (await visit(context, site.url)).page;
}

/** The only tab, with no runs kept. */
async function openFirstTab(): Promise<Page> {
  // Without its first page, which is empty, the browser would end.
  for (const page of context?.pages().slice(1) ?? []) await page.close();
  const page = await openTab();
  await page.evaluate(async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry("runs", { recursive: true }).catch(() => undefined);
  });
  await page.reload();
  return page;
}

const untilKept = (page: Page, training: string) =>
  expect
    .poll(() => pathsOf(page, new RegExp(`checkpoint\\.${training}`)), { timeout: PATIENCE, interval: 200 })
    .toHaveLength(1);

const goOn = (page: Page) => page.getByRole("button", { name: "Continue darts_shapes_toy" }).click();
const offer = (page: Page) => page.locator("sn-unfinished li");

/** Leaves the page no room for files. @returns what gives it back */
async function takeRoom(page: Page): Promise<() => Promise<void>> {
  const { origin } = new URL(site.url);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 0 });
  return async () => void (await devtools.send("Storage.overrideQuotaForOrigin", { origin }));
}

/** The process of a browser that the others are children of. */
async function pidOf(profiled: BrowserContext): Promise<number> {
  const devtools = await profiled.browser()!.newBrowserCDPSession();
  const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
  return processInfo.find(({ type }) => type === "browser")!.id;
}

/** The images that a phase was begun with are others now. */
async function changeRecord(page: Page, folder: string): Promise<void> {
  const { sha256: _, ...record } = JSON.parse((await keptFiles(page))[`${folder}/resume.json`]!);
  const changed = { ...record, data: "other" };
  const text = JSON.stringify({ ...changed, sha256: await sha256OfJson(changed) });
  const write = async ([name, content]: [string, string]) => {
    const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle("runs");
    const file = await (await runs.getDirectoryHandle(name)).getFileHandle("resume.json");
    const stream = await file.createWritable();
    await stream.write(content);
    await stream.close();
  };
  await page.evaluate(write, [folder, text] as [string, string]);
}

describe("a run on the page", () => {
  let whole: Record<string, string>;

  it("that has become another one is refused, and can begin anew or be discarded", { timeout: 600_000 }, async () => {
    await damage("images changed before a run on the page goes on").attempt("by another hash", async () => {
      const page = await openFirstTab();
      await choose(page, SETTINGS);
      await runButton(page).click();
      await untilStatus(page, /^Search: compiling/, PATIENCE);
      await page.getByRole("button", { name: "Stop" }).click();
      await offer(page).getByText("darts on shapes was cut off at its beginning.").waitFor();
      await changeRecord(page, "darts_shapes_toy_search");
      await goOn(page);
      await page.getByText(/darts_shapes_toy_search was begun with other images or labels: put them back/).waitFor();
      await inspect(page, "refused");
      await page.getByRole("button", { name: "Begin anew darts_shapes_toy" }).click();
      await untilStatus(page, /^Search: compiling/, PATIENCE);
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("button", { name: "Discard darts_shapes_toy" }).click();
      await offer(page).getByRole("button", { name: "Delete" }).click();
      await expect.poll(() => pathsOf(page, /./)).toEqual([]);
      await expect.poll(() => offer(page).count()).toBe(0);
    });
  });

  it("goes on though its checkpoints cannot be written", { timeout: 1_000_000 }, async () => {
    await damage("no room for a checkpoint in a tab").attempt("in a search", async () => {
      const page = await openFirstTab();
      await choose(page, SETTINGS);
      await runButton(page).click();
      await untilStatus(page, /^Search: epoch [2-9] of/, PATIENCE);
      // The log has to be written, too: only a run that is held writes nothing but what it is told to keep.
      await page.getByRole("button", { name: "Pause" }).click();
      await untilStatus(page, /^Paused/, PATIENCE);
      const lift = await takeRoom(page);
      await page.evaluate(() => window.dispatchEvent(new Event("beforeunload")));
      await page.getByText(/the browser gives this page no more space.*the checkpoint before stays/).waitFor();
      await lift();
      await page.getByRole("button", { name: "Resume" }).click();
      await untilStatus(page, /^Done/, PATIENCE);
      whole = timeless(await keptFiles(page));
      expect(Object.keys(whole)).toContain("darts_shapes_toy_eval/model.safetensors");
      await expect.poll(() => offer(page).count()).toBe(0);
    });
  });

  it("ends as if nothing had happened when its tab is closed, crashes, and the browser is killed", {
    timeout: 1_800_000,
  }, async () => {
    await damage("tab closed, tab crashed, browser killed").attempt("one after another", async () => {
      const [closed, crashed] = [await openFirstTab(), await openTab()];
      await closed.bringToFront();
      await choose(closed, SETTINGS);
      await runButton(closed).click();
      await untilStatus(closed, /^Search: epoch [2-9] of/, PATIENCE);
      // While a person is asked whether to leave, the last snapshot is written.
      closed.once("dialog", async (dialog) => {
        await untilKept(crashed, "arch_train");
        await dialog.accept();
      });
      const gone = closed.waitForEvent("close");
      await closed.close({ runBeforeUnload: true });
      await gone;

      // Not offered as long as the tab that is closed has it.
      await crashed.reload();
      const waiting = await openTab();
      for (const page of [crashed, waiting]) {
        await offer(page)
          .getByText(/darts on shapes was cut off in epoch \d+ of 20 of its search\./)
          .waitFor();
      }
      await inspect(waiting, "unfinished");
      await crashed.bringToFront();
      await goOn(crashed);
      await untilStatus(crashed, /^Search: compiling the network, to go on in epoch \d+ of 20/, PATIENCE);
      await waiting.bringToFront();
      await goOn(waiting);
      const refusal =
        "darts_shapes_toy is running in another tab or element: stop it there, or give this run another prefix";
      await waiting.getByText(refusal).waitFor();

      await untilStatus(crashed, /^Search: epoch/, PATIENCE);
      const devtools = await crashed.context().newCDPSession(crashed);
      const ended = crashed.waitForEvent("crash");
      devtools.send("Page.crash").catch(() => {});
      await ended;
      await goOn(waiting);
      // Known before it is time: an evaluation may be over in seconds.
      const browser = await pidOf(context!);
      await untilKept(waiting, "eval_train");
      const over = context!.waitForEvent("close");
      process.kill(browser, "SIGKILL");
      await over;
      context = undefined;

      const last = await openTab();
      await offer(last)
        .getByText(/darts on shapes was cut off in epoch \d+ of 24 of its evaluation\./)
        .waitFor();
      await goOn(last);
      await untilStatus(last, /^Done/, PATIENCE);
      await expect.poll(() => offer(last).count()).toBe(0);
      expect(timeless(await keptFiles(last))).toEqual(whole);
    });
  });
});
