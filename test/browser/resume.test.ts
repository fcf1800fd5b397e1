import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { damage } from "../reliability/damage.ts";
import { keptFiles, pathsOf, timeless } from "./kept-files.ts";
import { choose, inspect, openProfile, openSite, runButton, type Site, SMALL, untilStatus, visit } from "./support.ts";

// Runs on the page whose tab, or whose browser, ends before they do.

const EPOCHS = 12;
/** By default a checkpoint is written every ten epochs, or each minute. */
const SETTINGS = `${SMALL} --nas.search.trainer.epochs ${EPOCHS} --nas.eval.trainer.epochs ${EPOCHS}`;
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

const untilKept = (page: Page, training: string) =>
  expect.poll(() => pathsOf(page, new RegExp(`checkpoint\\.${training}`)), { timeout: PATIENCE }).toHaveLength(1);

const goOn = (page: Page) => page.getByRole("button", { name: "Continue darts_shapes_toy" }).click();
const offer = (page: Page) => page.locator("sn-unfinished li");

/** As much room as is taken, and less than a checkpoint more. */
async function limitRoom(page: Page): Promise<() => Promise<void>> {
  const { origin } = new URL(site.url);
  const devtools = await page.context().newCDPSession(page);
  const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  await devtools.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: usage + 20_000 });
  return async () => void (await devtools.send("Storage.overrideQuotaForOrigin", { origin }));
}

describe("a run on the page", () => {
  let whole: Record<string, string>;

  it("that has become another one is refused, and can begin anew or be discarded", { timeout: 600_000 }, async () => {
    await damage("images changed before a run on the page goes on").attempt("by another hash", async () => {
      const page = await openTab();
      await choose(page, SETTINGS);
      await runButton(page).click();
      await untilStatus(page, /^Search: compiling/, PATIENCE);
      await page.getByRole("button", { name: "Stop" }).click();
      await offer(page).getByText("darts on shapes was cut off at its beginning.").waitFor();
      await page.evaluate(async () => {
        const runs = await (await navigator.storage.getDirectory()).getDirectoryHandle("runs");
        const folder = await runs.getDirectoryHandle("darts_shapes_toy_search");
        const handle = await folder.getFileHandle("resume.json");
        const record = JSON.parse(await (await handle.getFile()).text());
        const file = await handle.createWritable();
        await file.write(JSON.stringify({ ...record, data: "other" }));
        await file.close();
      });
      await goOn(page);
      await page.getByText(/darts_shapes_toy_search was begun with other images or labels: put them back/).waitFor();
      await inspect(page, "refused");
      await page.getByRole("button", { name: "Begin darts_shapes_toy anew" }).click();
      await untilStatus(page, /^Search: compiling/, PATIENCE);
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByRole("button", { name: "Discard darts_shapes_toy" }).click();
      await offer(page).getByRole("button", { name: "Delete" }).click();
      await expect.poll(() => pathsOf(page, /./)).toEqual([]);
      expect(await offer(page).count()).toBe(0);
      await page.close();
    });
  });

  it("goes on though its checkpoints cannot be written", { timeout: 1_000_000 }, async () => {
    await damage("no room for a checkpoint in a tab").attempt("in a search", async () => {
      const page = await openTab();
      await choose(page, SETTINGS);
      await runButton(page).click();
      await untilStatus(page, /^Search: compiling/, PATIENCE);
      const lift = await limitRoom(page);
      await page
        .getByText(/the browser gives this page no more space.*the checkpoint before stays/)
        .waitFor({ timeout: PATIENCE });
      await lift();
      await untilStatus(page, /^Done/, PATIENCE);
      whole = timeless(await keptFiles(page));
      expect(Object.keys(whole)).toContain("darts_shapes_toy_eval/model.safetensors");
      expect(await offer(page).count()).toBe(0);
      await page.evaluate(async () =>
        (await navigator.storage.getDirectory()).removeEntry("runs", { recursive: true }),
      );
      await page.close();
    });
  });

  it("ends as if nothing had happened when its tab is closed, crashes, and the browser is killed", {
    timeout: 1_800_000,
  }, async () => {
    await damage("tab closed, tab crashed, browser killed").attempt("one after another", async () => {
      const closed = await openTab();
      await choose(closed, SETTINGS);
      await runButton(closed).click();
      await untilStatus(closed, /^Search: epoch [2-9] of/, PATIENCE);
      const crashed = await openTab();
      expect(await offer(crashed).count(), "offered while it runs elsewhere").toBe(0);
      // While a person is asked whether to leave, the last snapshot is written.
      closed.once("dialog", async (dialog) => {
        await untilKept(crashed, "arch_train");
        await dialog.accept();
      });
      const gone = closed.waitForEvent("close");
      await closed.close({ runBeforeUnload: true });
      await gone;

      await crashed.reload();
      const waiting = await openTab();
      for (const page of [crashed, waiting]) {
        await offer(page)
          .getByText(new RegExp(`^darts on shapes was cut off in epoch \\d+ of ${EPOCHS} of its search\\.`))
          .waitFor();
      }
      await inspect(waiting, "unfinished");
      await crashed.bringToFront();
      await goOn(crashed);
      await untilStatus(crashed, /^Search: compiling the network, to go on in epoch \d+ of 12/, PATIENCE);
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
      await untilKept(waiting, "eval_train");
      const killed = context!;
      context = undefined;
      const browser = await killed.browser()!.newBrowserCDPSession();
      const { processInfo } = await browser.send("SystemInfo.getProcessInfo");
      const over = new Promise((resolve) => killed.once("close", resolve));
      process.kill(processInfo.find(({ type }) => type === "browser")!.id, "SIGKILL");
      await over;

      const last = await openTab();
      await offer(last)
        .getByText(/^darts on shapes was cut off in epoch 1\d of 12 of its evaluation\./)
        .waitFor();
      await goOn(last);
      await untilStatus(last, /^Done/, PATIENCE);
      expect(await offer(last).count()).toBe(0);
      expect(timeless(await keptFiles(last))).toEqual(whole);
    });
  });
});
