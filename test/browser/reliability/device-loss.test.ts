import { afterAll, beforeAll, expect, test } from "vitest";
import type { RunRequest, RunSummary } from "../../../src/worker/protocol.ts";
import { damage } from "../../reliability/damage.ts";
import type { EnginePage } from "../fixtures/engine.ts";
import { functionsOf, openBrowser, openFixture, openSources, SMALL } from "../support.ts";

// The browser's GPU process crashes while a page trains: a device that is lost as in real life.

let sources: Awaited<ReturnType<typeof openSources>>;
let browser: Awaited<ReturnType<typeof openBrowser>>;
beforeAll(async () => {
  sources = await openSources("loss", {
    // Found while a page runs, they would make it load again.
    optimizeDeps: { noDiscovery: true, include: ["comlink", "fflate", "wesl", "yaml", "zod"] },
  });
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
  await sources?.close();
});

/** All but its name and times. */
function figures(result: RunSummary | { readonly message: string }) {
  if ("message" in result) throw new Error(result.message);
  const { epochs, cells, weights } = result.search!;
  return { epochs, cells, weights };
}

test("a search in the tab goes on when the GPU process crashes", async () => {
  const page = await openFixture(browser, `${sources.url}test/browser/fixtures/engine.html`, []);
  const cdp = await browser.newBrowserCDPSession();
  await page.exposeFunction("crashGpu", () => cdp.send("Browser.crashGpuProcess"));
  const functions = await functionsOf<EnginePage>(page);
  const request = (prefix: string): RunRequest => ({
    algo: "darts",
    dataset: "shapes",
    prefix,
    phases: ["search"],
    overrides: [...SMALL.split(" "), "--nas.search.trainer.epochs", "8"],
  });
  await damage("GPU process of the browser crashed").attempt("at the first progress", async () => {
    const crashed = await functions.evaluate((own, run) => own.crashedRun(run), request("crashed"));
    const calm = await functions.evaluate((own, run) => own.start(run), request("calm"));
    expect(figures(crashed.result)).toEqual(figures(calm.result));
    const told = crashed.events.flatMap((event) => (event.kind === "warning" ? [event.message] : []));
    expect(told).toEqual([
      expect.stringMatching(/^the GPU device was lost: .+; going on with another device (from|after) /),
    ]);
  });
});
