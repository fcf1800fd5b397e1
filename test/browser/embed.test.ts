import { describe, expect, it } from "vitest";
import { inspect, SMALL, useSite, visit } from "./support.ts";

const at = useSite();

describe("the embedded element", () => {
  it("runs twice on one page, each with an engine of its own, and goes without a trace", {
    timeout: 600_000,
  }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}embed.html`);
    const [first, second] = [page.locator("supernet-search").nth(0), page.locator("supernet-search").nth(1)];
    await first.getByRole("button", { name: "Run" }).waitFor();
    await inspect(page, "embed-idle");
    expect(page.workers()).toHaveLength(0);
    await page.evaluate((overrides) => {
      const heard: string[] = [];
      Object.assign(window, { heard });
      for (const name of ["supernet-progress", "supernet-found", "supernet-done", "supernet-error"]) {
        document.addEventListener(name, ({ target }) =>
          heard.push(`${(target as HTMLElement).getAttribute("heading")} ${name}`),
        );
      }
      for (const element of document.querySelectorAll("supernet-search")) element.setAttribute("overrides", overrides);
    }, SMALL);
    await first.getByRole("button", { name: "Run" }).click();
    await first.getByText("Search: compiling the network…").first().waitFor();
    await first.getByRole("button", { name: "Stop" }).click();
    await first.getByRole("button", { name: "Begin anew" }).waitFor();
    await first.getByRole("button", { name: "Continue" }).click();
    await second.getByRole("button", { name: "Run" }).click();
    await expect.poll(() => page.workers().length).toBe(2);
    for (const element of [first, second]) {
      await element.getByText(/^Done/).first().waitFor({ timeout: 500_000 });
      await element.getByRole("group", { name: "Normal cell, drawn" }).waitFor();
      await element
        .getByRole("img", { name: /^Loss over/ })
        .first()
        .waitFor();
    }
    const heard = await page.evaluate(() => (window as unknown as { heard: string[] }).heard);
    for (const heading of ["Seed 2", "Seed 7"]) {
      const own = heard.filter((line) => line.startsWith(heading)).map((line) => line.slice(heading.length + 1));
      expect(own).toContain("supernet-progress");
      expect(own.filter((name) => name !== "supernet-progress")).toEqual(["supernet-found", "supernet-done"]);
    }
    expect(await page.locator("#log").innerText()).toMatch(/is done/);
    const names = await page.evaluate(() =>
      Promise.all(
        [...document.querySelectorAll("supernet-search")].map(async (element) => {
          const zip = await element.zip();
          return [zip.length > 1000, zip[0], zip[1]];
        }),
      ),
    );
    expect(names).toEqual([
      [true, 0x50, 0x4b],
      [true, 0x50, 0x4b],
    ]);
    await inspect(page, "embed-done");

    await page.evaluate(() => document.querySelector("supernet-search")?.remove());
    await expect.poll(() => page.workers().length).toBe(1);
    expect(faults).toEqual([]);
  });

  it("stands in an article", { timeout: 120_000 }, async () => {
    const { page, faults } = await visit(at.context, `${at.site.url}article.html`);
    await page.getByRole("button", { name: "Run" }).waitFor();
    await inspect(page, "article");
    expect(faults).toEqual([]);
  });
});
